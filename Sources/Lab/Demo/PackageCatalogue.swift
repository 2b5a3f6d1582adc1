import Threading

/// A Debian package of the catalogue: a real text with the right label of each of the demo's two tasks.
struct CataloguePackage: Sendable, Equatable {
    let name: String
    /// The one-line description, the text to classify.
    let description: String
    /// The archive section, such as `libs`.
    let section: String
    /// The role that its `role::` tag names; nil unless it has exactly one such tag, of a role that the demo uses.
    let role: String?
}

/// The package catalogue of this machine (`apt-cache dumpavail`), reduced to what the demo needs.
struct PackageCatalogue: Sendable {
    /// Packages of the requested sections. Each description occurs once; the order depends on the descriptions alone.
    let packages: [CataloguePackage]

    /// The labels of the tags `role::…` that are common enough to train on.
    private static let roleNames: [(tag: String, label: String)] = [
        ("program", "program"), ("shared-lib", "library"), ("devel-lib", "development"),
        ("documentation", "documentation"),
        ("app-data", "data"), ("plugin", "plugin"),
    ]

    /// Reads the catalogue of this machine.
    ///
    /// - Parameters:
    ///   - sections: the sections whose packages are kept.
    ///   - roles: the roles that are kept; a package with another role has none.
    static func read(sections: [String], roles: [String]) async throws -> PackageCatalogue {
        let catalogue = PackageCatalogue(dump: try await dump(), sections: sections, roles: roles)
        guard catalogue.packages.count >= 10_000 else {
            throw LabError("the package catalogue is empty: run `apt-get update` once, as root")
        }
        return catalogue
    }

    /// What `apt-cache dumpavail` prints.
    private static func dump() async throws -> [UInt8] {
        let child = try ChildProcess(
            program: "/usr/bin/env", arguments: ["apt-cache", "dumpavail"],
            environment: OwnProgram.environment(adding: [:]))
        let dump = Monitor<[UInt8]>([])
        let status = await child.ending { bytes in dump.withLock { $0 += bytes } }.status
        guard status == 0 else {
            throw LabError("apt-cache failed: the demo takes its texts from the package catalogue of a Debian system")
        }
        return dump.withLock { $0 }
    }

    /// Parses the output of `apt-cache dumpavail`.
    init(dump: [UInt8], sections: [String], roles: [String]) {
        var stanzas: [(name: String, description: String, section: String, tags: String)] = []
        var stanza = Stanza()
        for line in dump.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.isEmpty {
                if let fields = stanza.fields { stanzas.append(fields) }
                stanza = Stanza()
            } else {
                stanza.take(line)
            }
        }
        if let fields = stanza.fields { stanzas.append(fields) }

        var seen = Set<String>()
        packages =
            stanzas
            .filter { sections.contains($0.section) && seen.insert($0.description).inserted }
            .map { fields in
                CataloguePackage(
                    name: fields.name, description: fields.description, section: fields.section,
                    role: Self.role(of: fields.tags).flatMap { roles.contains($0) ? $0 : nil })
            }
            .map { (key: Self.mixed($0.description), package: $0) }
            .sorted { ($0.key, $0.package.name) < ($1.key, $1.package.name) }
            .map(\.package)
    }

    private static func role(of tags: String) -> String? {
        let values = Set(
            tags.split(separator: ",").map { $0.drop(while: \.isWhitespace) }.filter { $0.hasPrefix("role::") }.map {
                $0.dropFirst(6)
            })
        guard values.count == 1, let value = values.first else { return nil }
        return roleNames.first { $0.tag == value }?.label
    }
}

extension PackageCatalogue {
    /// The fields of one stanza, collected line by line. A line that starts with a blank continues the field before it.
    private struct Stanza {
        private enum Field { case package, description, section, tag, other }
        private var field = Field.other
        private var name = ""
        private var description = ""
        private var section = ""
        private var tags = ""

        var fields: (name: String, description: String, section: String, tags: String)? {
            name.isEmpty || description.isEmpty || section.isEmpty ? nil : (name, description, section, tags)
        }

        mutating func take(_ line: ArraySlice<UInt8>) {
            if line.first == UInt8(ascii: " ") {
                // Of a description only the first line, the summary, is used. Tags continue over several lines.
                if field == .tag { tags += String(decoding: line, as: UTF8.self) }
                return
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
            func value() -> String {
                String(decoding: line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
            }
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "Package":
                field = .package
                name = value()
            case "Description":
                field = .description
                description = value()
            case "Section":
                field = .section
                section = value()
            case "Tag":
                field = .tag
                tags = value()
            default: field = .other
            }
        }
    }
}

extension PackageCatalogue {
    /// FNV-1a with a final mix: shuffles the descriptions, in the same order on every machine.
    private static func mixed(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x100_0000_01b3
        }
        hash ^= hash >> 32
        return hash &* 0x9e37_79b9_7f4a_7c15
    }
}
