import Foundation
import JSON
import TestSupport
import Testing
import Training

/// Rows one after the other, with all their columns. What is broken is a row too, so that numbers of rows do not shift.
struct RowStreamTests {
    private static func rows(_ text: String, _ name: String, format: RowFormat? = nil) throws -> (
        columns: [String]?, rows: [RowStream.Row]
    ) {
        try rows(Array(text.utf8), name, format: format)
    }

    private static func rows(_ bytes: [UInt8], _ name: String, format: RowFormat? = nil) throws -> (
        columns: [String]?, rows: [RowStream.Row]
    ) {
        let folder = try TemporaryFolder()
        let stream = try RowStream(path: folder.write(name, Data(bytes)), format: format)
        var rows: [RowStream.Row] = []
        while let row = try stream.next() { rows.append(row) }
        return (stream.columns, rows)
    }

    private static func object(_ text: String) throws -> RowStream.Row {
        .object(try JSONParser.parse(Array(text.utf8)), bytes: Array(text.utf8))
    }

    @Test func linesAreTextsAndEmptyOnesToo() throws {
        let (columns, rows) = try Self.rows("\u{FEFF}one\r\n\n\ntwo\n\n\n", "texts.txt")
        #expect(columns == nil)
        #expect(rows == [.text("one"), .text(""), .text(""), .text("two")])
        #expect(try Self.rows("", "texts.txt").rows.isEmpty)
        #expect(try Self.rows("\n\n", "texts.txt").rows.isEmpty)
        #expect(try Self.rows("without an end", "texts").rows == [.text("without an end")])
        let broken = try Self.rows([0xFF, 0x0A, 0x61], "texts.txt").rows
        #expect(broken == [.unreadable([0xFF]), .text("a")])
    }

    @Test func objectsKeepTheirBytes() throws {
        let lines = [#"{"text": "a",  "id": 12345678901234567890}"#, "", "  ", #"["no object"]"#, "{", #"{"b":1}"#]
        let (columns, rows) = try Self.rows(lines.joined(separator: "\n"), "rows.jsonl")
        #expect(columns == nil)
        #expect(
            rows == [
                try Self.object(lines[0]), .unreadable(Array(lines[3].utf8)), .unreadable(Array(lines[4].utf8)),
                try Self.object(lines[5]),
            ])
    }

    @Test func tablesHaveColumns() throws {
        let (columns, rows) = try Self.rows("id;text\n1;\"a; \"\"b\"\"\nand c\"\n\n2;d\n", "rows.csv")
        #expect(columns == ["id", "text"])
        #expect(rows == [.cells(["1", "a; \"b\"\nand c"]), .cells(["2", "d"])])
        let tabs = try Self.rows("id\ttext\n1\ta \"b\tc\n2\n", "rows.tsv")
        #expect(tabs.columns == ["id", "text"])
        // The last column may hold tabs; a row without it is broken.
        #expect(tabs.rows == [.cells(["1", "a \"b\tc"]), .unreadable(Array("2".utf8))])
        let quoted = try Self.rows("\"id\"\t\"text\"\n1\t\"a\tb\"\n", "rows.tsv")
        #expect(quoted.rows == [.cells(["1", "a\tb"])])
        #expect(try Self.rows("text\none\n", "rows.csv").rows == [.cells(["one"])])
        #expect(try Self.rows("id,text\n", "rows.csv").rows.isEmpty && Self.rows("", "rows.csv").rows.isEmpty)
    }

    /// A quote that is never closed costs its own row, not those behind it.
    @Test func aBrokenRecordIsOneRow() throws {
        let (_, rows) = try Self.rows("id,text\n1,\"open\n2,b\n3,c\"d\n4,e,f\n5,g\n", "rows.csv")
        #expect(
            rows == [
                .unreadable(Array("1,\"open".utf8)), .cells(["2", "b"]), .unreadable(Array("3,c\"d".utf8)),
                .unreadable(Array("4,e,f".utf8)), .cells(["5", "g"]),
            ])
        let invalid = try Self.rows(Array("id,text\n1,".utf8) + [0xFF] + Array("\n2,b\n".utf8), "rows.csv").rows
        #expect(invalid == [.unreadable(Array("1,".utf8) + [0xFF]), .cells(["2", "b"])])
    }

    @Test func aTableWithoutAHeaderIsRefused() {
        for text in ["1,a game of chess is played\n2,b\n", "id,id\n1,2\n", "id,\n1,2\n"] {
            #expect(throws: DatasetError.self, "\(text)") { try Self.rows(text, "rows.csv") }
        }
    }

    @Test func documentsAndOtherEncodingsAreRefused() {
        #expect(throws: DatasetError.self) { try Self.rows(#"[{"text":"a"}]"#, "rows.json") }
        #expect(throws: DatasetError.self) { try Self.rows(#" [{"text":"a"}]"#, "rows.jsonl") }
        #expect(throws: DatasetError.self) { try Self.rows([0xFF, 0xFE, 0x61, 0], "rows.txt") }
        #expect(throws: DatasetError.self) { try RowStream(path: "/nowhere/rows.csv") }
    }

    @Test func aFileLargerThanTheBufferIsReadWhole() throws {
        let line = String(repeating: "word ", count: 200)
        let text = (0..<2000).map { "\($0) \(line)" }.joined(separator: "\n")
        let (_, rows) = try Self.rows(text, "texts.txt")
        #expect(rows.count == 2000 && rows.last == .text("1999 \(line)"))
        let long = String(repeating: "x", count: 1_000_000)
        #expect(try Self.rows("id,text\n1,\"\(long)\n\"\n", "rows.csv").rows == [.cells(["1", long + "\n"])])
    }

    @Test func linesOfManyMegabytesStandBetweenOthers() throws {
        let long = String(repeating: "ø", count: 3 << 20)
        let texts = ["one", long, "two\r", "", long, long]
        let rows = try Self.rows(texts.joined(separator: "\n"), "texts.txt").rows
        #expect(rows == ["one", long, "two", "", long, long].map { .text($0) })
        #expect(try Self.rows("\(long)\r\n", "texts.txt").rows == [.text(long)])
    }

    @Test func theTextColumnIsFoundByNameOrNumber() throws {
        #expect(try TextColumn().index(in: ["id", "Text"], source: "rows") == 1)
        #expect(try TextColumn().index(in: ["id", "body"], source: "rows") == nil)
        #expect(try TextColumn(requested: "body").index(in: ["id", "body"], source: "rows") == 1)
        #expect(try TextColumn(requested: "2").index(in: ["id", "body"], source: "rows") == 1)
        let error = #expect(throws: DatasetError.self) {
            try TextColumn(requested: "subject").index(in: ["id", "body"], source: "rows")
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("there is no column \"subject\""))
    }
}
