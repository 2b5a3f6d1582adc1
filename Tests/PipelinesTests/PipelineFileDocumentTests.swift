import Foundation
import Testing

/// `docs/pipeline-file.md` and the reader of pipeline files know the same keys.
@Suite struct PipelineFileDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The keys in the lists that sections of the file are read with.
    private static func declaredKeys() throws -> Set<String> {
        let folder = root.appendingPathComponent("Sources/Pipelines")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        var keys: Set<String> = []
        for file in files {
            let source = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            for list in source.matches(of: /(?:section\(\[|Keys = \[)([^\]]*)\]/) {
                keys.formUnion(list.1.matches(of: /"([a-z_]+)"/).map { String($0.1) })
            }
        }
        return keys
    }

    /// The words in code of the page: whole ones, the parts of paths, and keys of examples such as `{ precision: 0.95 }`.
    private static func documentedWords() throws -> Set<String> {
        let page = try String(contentsOf: root.appendingPathComponent("docs/pipeline-file.md"), encoding: .utf8)
        return Set(page.matches(of: /`([^`]+)`/).flatMap { $0.1.matches(of: /[a-z_]+/).map { String($0.0) } })
    }

    @Test func everyKeyIsDocumented() throws {
        let keys = try Self.declaredKeys()
        #expect(keys.count > 50)
        #expect(keys.subtracting(try Self.documentedWords()).sorted() == [])
    }

    @Test func everyDocumentedKeyOfATableExists() throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/pipeline-file.md"), encoding: .utf8)
        let keys = try Self.declaredKeys()
        for row in page.split(separator: "\n") where row.hasPrefix("| `") {
            let cell = row.dropFirst(2).prefix { $0 != "|" }
            for name in cell.matches(of: /`([^`]+)`/) {
                let parts = name.1.replacing("[]", with: "").split(separator: ".")
                for part in parts { #expect(keys.contains(String(part)), "docs/pipeline-file.md: \(name.1)") }
            }
        }
    }
}
