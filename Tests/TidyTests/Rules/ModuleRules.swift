/// Modules import only what stands above them in `Package.swift`, which lists them layer by layer.
enum ImportRule {
    /// Who may use a C library. Everyone else goes through these modules.
    static let users: [String: Set<String>] = [
        "COpenBLAS": ["Kernels"],
        "CVectorKernels": ["Kernels"],
        "CRdKafka": ["KafkaClient", "LocalServers"],
        "CLibPQ": ["PostgresClient"],
        "COpenSSL": ["Files"],
        "CYAML": ["Pipelines"],
        // What glibc declares as macros or extensions; Training returns freed memory to the system.
        "CLinux": ["Files", "Threading", "Training"],
    ]

    /// Modules that meet in the database alone.
    static let strangers: [String: String] = ["Serving": "Retraining", "Retraining": "Serving"]

    static func findings(in tree: SourceTree) -> [Finding] {
        guard let package = tree["Package.swift"] else { return [] }
        let order = targets(of: package)
        return missingTargets(order, in: tree)
            + tree.sources.flatMap { file in
                SwiftDeclarations(file.text).imports.compactMap { name in
                    problem(with: name.text, in: file.module ?? "", order: order).map {
                        Finding(path: file.path, line: name.line, message: $0)
                    }
                }
            }
    }

    /// The names of the targets under `Sources`, from the lowest layer to the highest.
    static func targets(of package: SourceFile) -> [String] {
        let tokens = SwiftLexer.tokens(of: package.text)
        let names = tokens.indices.dropFirst(2).compactMap { index -> String? in
            guard tokens[index].kind == .string else { return nil }
            let before = tokens[(index - 2)..<index].map(\.text)
            return before == ["module", "("] || before == ["name", ":"] ? tokens[index].text : nil
        }
        // Products and the package itself have names too; each target is listed last.
        return names.reversed().reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.reversed()
    }

    private static func missingTargets(_ order: [String], in tree: SourceTree) -> [Finding] {
        Set(tree.sources.compactMap(\.module)).subtracting(order).sorted().map {
            Finding(path: "Sources/\($0)", line: 1, message: "no target of Package.swift")
        }
    }

    private static func problem(with imported: String, in module: String, order: [String]) -> String? {
        if imported == "Foundation" { return "imports Foundation, which carries ICU: use FoundationEssentials" }
        if let users = users[imported], !users.contains(module) {
            return "imports \(imported), which only \(users.sorted().joined(separator: " and ")) may"
        }
        if strangers[module] == imported { return "\(module) imports \(imported): the paths meet in the database" }
        guard let own = order.firstIndex(of: module), let other = order.firstIndex(of: imported) else { return nil }
        return other < own ? nil : "imports \(imported), which stands below \(module) in Package.swift"
    }
}

/// One name, one type: a reader who searches for a type finds one.
enum TypeNameRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        var places: [String: String] = [:]
        var findings: [Finding] = []
        for file in tree.sources {
            for type in SwiftDeclarations(file.text).topLevelTypes {
                if let first = places[type.text] {
                    findings.append(
                        Finding(path: file.path, line: type.line, message: "`\(type.text)` is declared in \(first) too")
                    )
                }
                places[type.text] = file.path
            }
        }
        return findings
    }
}

/// A reader who knows `Type.function` finds its file in the list of files.
///
/// A type with functions stands in `Type.swift`, an extension in `Type.swift` or `Type+Part.swift`. What only one file
/// uses is nested in the type of that file. A short helper may stand beside its user. A free function is a kernel, or
/// names its file.
enum PlacementRule {
    static let longestHelper = 14

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.sources.flatMap { file in
            let name = file.path.split(separator: "/").last?.split(separator: ".").first ?? ""
            let owner = String(name.split(separator: "+").first ?? "")
            let declarations = SwiftDeclarations(file.text)
            return homes(declarations, owner: owner).map {
                Finding(
                    path: file.path, line: $0.line,
                    message: "`\($0.names.joined(separator: "."))` has functions and another name than the file")
            }
                + freeFunctions(declarations, owner: owner, module: file.module)
                .map { Finding(path: file.path, line: $0.line, message: "`\($0.text)` belongs to no type") }
        }
    }

    private static func homes(_ declarations: SwiftDeclarations, owner: String) -> [Home] {
        declarations.homes.filter {
            $0.lines > longestHelper && !$0.names.contains(owner) && $0.names != [owner + "Command"]
        }
    }

    private static func freeFunctions(_ declarations: SwiftDeclarations, owner: String, module: String?) -> [Token] {
        let functions = declarations.freeFunctions
        guard module != "Kernels", !functions.contains(where: { $0.text == owner.lowercased() }) else { return [] }
        return functions
    }
}

/// CONTRIBUTING says where a line belongs: its table of layers names every module.
enum LayerTableRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        guard let page = tree["CONTRIBUTING.md"] else { return [] }
        let rows = page.lines.filter { $0.hasPrefix("| ") }
        let modules = Set(tree.paths.filter { $0.hasPrefix("Sources/") }.map { $0.split(separator: "/")[1] })
        return modules.sorted().filter { name in !rows.contains { $0.contains("`\(name)`") } }.map {
            Finding(path: page.path, line: 1, message: "the table of layers lacks `\($0)`")
        }
    }
}
