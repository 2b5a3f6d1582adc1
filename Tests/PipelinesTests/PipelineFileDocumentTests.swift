import Foundation
import Testing

@testable import JSON
@testable import Pipelines

/// `docs/pipeline-file.md` and `docs/pipeline-file.schema.json` say what the reader of pipeline files does.
///
/// With `LORIKEET_UPDATE_DOCUMENTS=1` the tests write the files instead of failing.
@Suite struct PipelineFileDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Compares a file with what it ought to be, or rewrites it.
    private static func expect(_ path: String, _ expected: (String) throws -> String) throws {
        let file = root.appendingPathComponent(path)
        let committed = try String(contentsOf: file, encoding: .utf8)
        let text = try expected(committed)
        if ProcessInfo.processInfo.environment["LORIKEET_UPDATE_DOCUMENTS"] == "1" {
            return try Data(text.utf8).write(to: file)
        }
        let difference = zip(committed.split(separator: "\n"), text.split(separator: "\n")).first { $0 != $1 }
        #expect(
            committed == text,
            """
            \(path) is out of date: LORIKEET_UPDATE_DOCUMENTS=1 make test FILTER=PipelineFileDocumentTests
            is:        \(difference?.0 ?? "of another length")
            should be: \(difference?.1 ?? "")
            """)
    }

    @Test func theKeyTablesAreThoseOfTheDeclarations() throws {
        try Self.expect("docs/pipeline-file.md") { page in try #require(KeyTable.rewrite(page)) }
    }

    @Test func theSchemaIsThatOfTheDeclarations() throws {
        try Self.expect("docs/pipeline-file.schema.json") { _ in PipelineSchema.text }
    }

    @Test func everyMappingHasATable() throws {
        let file = Self.root.appendingPathComponent("docs/pipeline-file.md")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        for section in PipelineKeys.sections { #expect(lines.contains { $0 == KeyTable.marker(of: section) }) }
    }

    @Test func aTableWithoutEndOrOfNoMappingIsRefused() {
        #expect(KeyTable.rewrite("<!-- keys: batch -->\n| old |\n") == nil)
        #expect(KeyTable.rewrite("<!-- keys: bach -->\n<!-- end of keys -->\n") == nil)
        #expect(KeyTable.rewrite("<!-- end of keys -->\n") == nil)
        #expect(KeyTable.rewrite("no table\n") == "no table\n")
    }

    @Test func theSchemaNamesTypeRangeDefaultAndRequiredKeys() throws {
        let schema = PipelineSchema.document
        #expect(schema["required"] == .array(["name", "base", "source", "tasks", "sink"].map { .string($0) }))
        #expect(schema["additionalProperties"] == .boolean(false))
        let tokens = try #require(schema["properties"]?["batch"]?["properties"]?["tokens"])
        #expect(tokens["default"] == .integer(512))
        #expect(tokens["anyOf"]?.text.hasPrefix(#"[{"type":"integer","minimum":16,"maximum":65536}"#) == true)
    }
}

/// Every pattern of the schema is one that the reader's own examples satisfy.
@Test(arguments: [
    (#"^([0-9.]+(us|ms|s|min|m|h|d))+$"#, ["20ms", "1h30m", "${EVERY:-6h}"]),
    (#"^[0-9_]+$"#, ["1_024", "${ROWS}"]), (#"^/"#, ["/description", "${POINTER}"]),
])
func patternsOfTheSchemaAllowVariables(pattern: String, texts: [String]) throws {
    guard case .string(let whole)? = JSONValue.string(matching: pattern)["pattern"] else {
        Issue.record("no pattern")
        return
    }
    let regex = try Regex(whole)
    for text in texts { #expect(text.contains(regex)) }
}
