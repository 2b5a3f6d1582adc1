import Foundation

/// A Debian package as the catalogue describes it: the demo's real text, with the answers to two questions about it.
struct CataloguePackage: Sendable, Equatable {
    let name: String
    /// The one-line description, the text to classify.
    let description: String
    /// The archive section, such as `libs`.
    let section: String
    /// The value of the package's `role::` tag, where it has exactly one that the demo asks for.
    let role: String?
}

/// The machine's package catalogue (`apt-cache dumpavail`), reduced to what the demo needs.
struct PackageCatalogue: Sendable {
    /// Packages of the sections asked for, each description once, in an order that depends on the descriptions alone.
    let packages: [CataloguePackage]

    /// What a tag `role::…` is called in the demo, for tags that are common enough to learn.
    private static let roleNames: [(tag: String, label: String)] = [
        ("program", "program"), ("shared-lib", "library"), ("devel-lib", "development"),
        ("documentation", "documentation"),
        ("app-data", "data"), ("plugin", "plugin"),
    ]

    /// Reads the catalogue of this machine: packages of these sections, and their roles, as far as they are among `roles`.
    static func read(sections: [String], roles: [String]) throws(DemoError) -> PackageCatalogue {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["apt-cache", "dumpavail"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let data: Data
        do {
            try process.run()
            data = try output.fileHandleForReading.readToEnd() ?? Data()
        } catch {
            throw DemoError("apt-cache could not be run: the demo reads its texts from a Debian package catalogue")
        }
        process.waitUntilExit()
        let catalogue = PackageCatalogue(dump: data, sections: sections, roles: roles)
        guard catalogue.packages.count >= 10_000 else {
            throw DemoError("the package catalogue is empty: run `apt-get update` once, as root")
        }
        return catalogue
    }

    /// Parses the stanzas of `apt-cache dumpavail`.
    init(dump: Data, sections: [String], roles: [String]) {
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
            .map { (key: mixed($0.description), package: $0) }
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

/// The fields of one stanza, collected line by line. A line that begins with a blank continues the field before it.
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

    mutating func take(_ line: Data.SubSequence) {
        if line.first == UInt8(ascii: " ") {
            // Only the first line of a description is its summary; tags go on over lines.
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

/// FNV-1a with a final mix: orders descriptions as if by chance, the same on every machine.
private func mixed(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 {
        hash ^= UInt64(byte)
        hash &*= 0x100_0000_01b3
    }
    hash ^= hash >> 32
    return hash &* 0x9e37_79b9_7f4a_7c15
}
