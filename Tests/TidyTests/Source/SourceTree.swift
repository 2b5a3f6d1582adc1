import Foundation

/// One text file of the repository.
struct SourceFile: Sendable {
    /// From the root of the repository, such as `Sources/BERT/BERT.swift`.
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isMarkdown: Bool { path.hasSuffix(".md") }

    /// `BERT` of `Sources/BERT/Base/BaseReader.swift`; nil outside `Sources`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// The text files that the rules read, and the paths that exist.
struct SourceTree: Sendable {
    let files: [SourceFile]
    /// Every file and folder, for links and paths in documents.
    let paths: Set<String>

    /// A tree of samples, for the tests of the rules.
    init(_ files: [String: String]) {
        self.files = files.sorted { $0.key < $1.key }.map { SourceFile(path: $0.key, text: $0.value) }
        var paths: Set<String> = []
        for path in files.keys {
            let parts = path.split(separator: "/")
            for count in 1...parts.count { paths.insert(parts.prefix(count).joined(separator: "/")) }
        }
        self.paths = paths
    }

    /// The repository at `root`. Fixtures are data, and tools wrote them: their texts are not read.
    init(root: URL) throws {
        var files: [SourceFile] = []
        var paths: Set<String> = []
        var pending = Self.roots
        while let path = pending.popLast() {
            let place = root.appendingPathComponent(path)
            let isFolder = try? place.resourceValues(forKeys: [.isDirectoryKey]).isDirectory
            guard let isFolder else { continue }
            paths.insert(path)
            if isFolder {
                pending += try FileManager.default.contentsOfDirectory(atPath: place.path).map { "\(path)/\($0)" }
            } else if Self.isText(path), let text = try? String(contentsOf: place, encoding: .utf8) {
                files.append(SourceFile(path: path, text: text))
            }
        }
        self.files = files.sorted { $0.path < $1.path }
        self.paths = paths
    }

    /// The repository that this file was compiled from.
    static func repository() throws -> SourceTree {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 1...4 { root.deleteLastPathComponent() }
        return try SourceTree(root: root)
    }

    private static let roots = [
        "Sources", "Tests", "docs", "scripts", "systemd", "packaging", "pipelines", ".ci", "Package.swift", "Makefile",
        "LICENSE",
        "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
    ]

    private static func isText(_ path: String) -> Bool {
        !path.contains("/Fixtures/") && !path.hasPrefix("docs/images/") && path != "LICENSE"
    }

    subscript(path: String) -> SourceFile? { files.first { $0.path == path } }
    var swift: [SourceFile] { files.filter(\.isSwift) }
    var sources: [SourceFile] { swift.filter { $0.module != nil } }
    var documents: [SourceFile] { files.filter(\.isMarkdown) }
}

/// What a rule found, and where.
struct Finding: Sendable, Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}
