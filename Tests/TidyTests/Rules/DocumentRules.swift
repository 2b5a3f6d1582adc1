import TestSupport

/// What a document links to is there, headings included.
enum LinkRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        tree.documents.flatMap { page in
            targets(of: page).compactMap { link in
                problem(with: link.text, on: page, in: tree).map {
                    Finding(path: page.path, line: link.line, message: $0)
                }
            }
        }
    }

    private static func targets(of page: SourceFile) -> [MarkdownCode.Piece] {
        page.lines.enumerated().flatMap { number, line in
            line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().map {
                MarkdownCode.Piece(text: String($0.prefix { $0 != ")" && $0 != " " }), line: number + 1)
            }
        }
    }

    private static func problem(with link: String, on page: SourceFile, in tree: SourceTree) -> String? {
        guard !link.contains("://"), !link.hasPrefix("mailto:") else { return nil }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? page.path : resolved(String(parts[0]), from: page.path)
        guard tree.paths.contains(path) else { return "links to \(path), which does not exist" }
        guard parts.count == 2, let other = tree[path] else { return nil }
        let anchors = other.lines.filter { $0.hasPrefix("#") }.map(anchor)
        return anchors.contains(String(parts[1])) ? nil : "links to #\(parts[1]), but \(path) has no such heading"
    }

    /// `docs/contributing/../glossary.md` without the detour.
    static func resolved(_ link: String, from page: String) -> String {
        var parts = page.split(separator: "/").dropLast()
        for part in link.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// How GitHub names a heading.
    static func anchor(_ heading: Substring) -> String {
        let text = heading.drop { $0 == "#" || $0 == " " }.lowercased()
        return String(text.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil })
    }
}

/// A path under the folders of the repository that a text names exists.
enum PathRule {
    private static let folders = ["Sources/", "Tests/", "scripts/", "docs/", "systemd/", "packaging/"]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.files.flatMap { file in
            texts(of: file).flatMap { piece in
                paths(in: piece.text).filter { !tree.paths.contains($0) }.map {
                    Finding(path: file.path, line: piece.line, message: "names \($0), which does not exist")
                }
            }
        }
    }

    /// Documents and comments. Strings of the tests are samples.
    private static func texts(of file: SourceFile) -> [MarkdownCode.Piece] {
        guard file.isSwift else {
            return file.lines.enumerated().map { MarkdownCode.Piece(text: String($1), line: $0 + 1) }
        }
        guard !file.path.hasPrefix("Tests/TidyTests/") else { return [] }
        return SwiftLexer.tokens(of: file.text).filter { $0.kind == .comment }
            .map { MarkdownCode.Piece(text: $0.text, line: $0.line) }
    }

    /// Paths from the root of the repository, without those that stand for others (`Sources/NAME`, `docs/*.md`).
    static func paths(in text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || "/._-+@*$<".contains($0)) }.compactMap { word in
            guard folders.contains(where: { word.hasPrefix($0) }), !word.contains(where: { "*$<".contains($0) }) else {
                return nil
            }
            guard !word.contains("NAME") else { return nil }
            let path = word.reversed().drop { "./".contains($0) }.reversed()
            return String(path)
        }
    }
}

/// Every target of make that a document, a comment or continuous integration names is in the Makefile.
enum MakeTargetRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        guard let makefile = tree["Makefile"] else { return [] }
        let targets = Set(makefile.lines.compactMap { $0.split(separator: ":").first.map(String.init) })
        return tree.files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap { file in
            calls(in: file).flatMap { call in
                names(of: call.text).filter { !targets.contains($0) }.map {
                    Finding(path: file.path, line: call.line, message: "the Makefile has no target \($0)")
                }
            }
        }
    }

    private static let loop = "for target in "

    /// `make …` in backticks anywhere, in code blocks of documents, and the list of targets in `.ci/run`.
    private static func calls(in file: SourceFile) -> [MarkdownCode.Piece] {
        let blocks = file.isMarkdown ? MarkdownCode(file.text).blockLines : []
        let lines = file.lines.enumerated().map { MarkdownCode.Piece(text: String($1), line: $0 + 1) }
        let spans = file.isMarkdown ? MarkdownCode(file.text).spans : lines.flatMap(\.spans)
        let loops = lines.filter { $0.text.hasPrefix(loop) }.map {
            MarkdownCode.Piece(text: "make " + $0.text.dropFirst(loop.count).prefix { $0 != ";" }, line: $0.line)
        }
        return loops + (spans + blocks).filter { $0.text.hasPrefix("make ") }
    }

    /// `lint` and `test` of "make lint test FILTER=Name  # comment".
    static func names(of call: String) -> [String] {
        call.split(separator: " ").dropFirst().prefix { !$0.hasPrefix("#") && $0 != "&&" }
            .filter { word in word.allSatisfy { $0.isLowercase || $0 == "-" } && word.first != "-" }.map(String.init)
    }
}

/// Tests and types that the pages for contributors name exist in the code.
enum CodeNameRule {
    private static let pages = ["CONTRIBUTING.md", "docs/architecture.md", "docs/delivery.md", "docs/glossary.md"]
    private static let folders = ["docs/decisions/", "docs/contributing/"]

    static func findings(in tree: SourceTree) -> [Finding] {
        let words = tree.swift.reduce(into: Set(tree.paths.flatMap { $0.split(separator: "/").map(String.init) })) {
            $0.formUnion(SwiftLexer.code(of: $1.text).filter { $0.kind == .word }.map(\.text))
        }
        return tree.documents.flatMap { page in
            let code = MarkdownCode(page.text)
            let isForContributors = pages.contains(page.path) || folders.contains { page.path.hasPrefix($0) }
            let names = (code.spans + code.blockLines).flatMap { piece in
                (filters(in: piece.text) + (isForContributors ? types(in: piece.text) : [])).map {
                    MarkdownCode.Piece(text: $0, line: piece.line)
                }
            }
            return names.filter { !words.contains($0.text) }.map {
                Finding(path: page.path, line: $0.line, message: "names `\($0.text)`, which is not in the code")
            }
        }
    }

    /// `a` and `b` of "make test FILTER='a|b'".
    static func filters(in text: String) -> [String] {
        text.split(separator: " ").filter { $0.hasPrefix("FILTER=") && text.contains("make ") }.flatMap { word in
            word.dropFirst("FILTER=".count).split { "'|".contains($0) }.map(String.init)
        }
    }

    /// A span that is a name of two humps or more, such as `DeliveryTracker`; `PostgreSQL` and `LoRA` are no types.
    static func types(in text: String) -> [String] {
        guard text.first?.isUppercase == true, text.allSatisfy({ $0.isLetter || $0.isNumber }) else { return [] }
        let humps = zip(text, text.dropFirst()).filter { $0.isLowercase && $1.isUppercase }
        return humps.isEmpty || !text.contains(where: \.isLowercase) ? [] : [text]
    }
}

/// Metrics and other names with the prefix `lorikeet_` that a document names exist in the sources.
enum MetricNameRule {
    static func findings(in tree: SourceTree) -> [Finding] {
        let declared = tree.sources.reduce(into: Set<String>()) { names, file in
            for token in SwiftLexer.tokens(of: file.text) where token.kind == .string {
                names.formUnion(Self.names(in: token.text))
            }
        }
        return tree.documents.flatMap { page in
            page.lines.enumerated().flatMap { number, line in
                names(in: String(line)).filter { !declared.contains($0) }.map {
                    Finding(path: page.path, line: number + 1, message: "names \($0), which is not in the sources")
                }
            }
        }
    }

    static func names(in text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            .filter { $0.hasPrefix("lorikeet_") && $0.count > "lorikeet_".count }
    }
}
