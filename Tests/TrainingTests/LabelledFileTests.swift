import Foundation
import TestSupport
import Testing

@testable import Training

struct LabelledFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func rows(_ name: String, _ content: String) throws -> [LabelledText] {
        try LabelledFile.read(path: folder.write(name, content))
    }

    private func refusal(_ name: String, _ content: Data, minimumLabels: Int = 1) throws -> String {
        let path = try folder.write(name, content)
        do {
            _ = try LabelledFile.read(path: path, minimumLabels: minimumLabels)
            return "accepted"
        } catch {
            return error.description.replacingOccurrences(of: folder.path + "/", with: "")
        }
    }

    private func refusal(_ name: String, _ content: String, minimumLabels: Int = 1) throws -> String {
        try refusal(name, Data(content.utf8), minimumLabels: minimumLabels)
    }

    @Test func readsTabbedRows() throws {
        let expected = [LabelledText(text: "one\ttab more", label: "a"), LabelledText(text: "", label: "b c")]
        #expect(try rows("x.tsv", "a\tone\ttab more\nb c\t\n\n") == expected)
        #expect(try rows("x.tsv", "\u{FEFF}a\tone\ttab more\r\n\r\nb c\t\r\n") == expected)
    }

    @Test func readsJSONLines() throws {
        let content = "{\"text\":\"o\\tne\\n\",\"label\":\"a\",\"id\":7}\n\n{\"label\":\"b\",\"text\":\"é\"}"
        let expected = [LabelledText(text: "o\tne\n", label: "a"), LabelledText(text: "é", label: "b")]
        #expect(try rows("x.jsonl", content) == expected)
        #expect(try rows("x.NDJSON", content) == expected)
        let others = "{\"text\":\"n\",\"label\":4}\n{\"text\":\"t\",\"label\":true}"
        #expect(try rows("y.jsonl", others).map(\.label) == ["4", "true"])
    }

    @Test func linesThatAreNoRowsAreNamed() throws {
        #expect(try refusal("x.tsv", "a\tb\nno tab\n") == "x.tsv:2: no tab between label and text")
        #expect(try refusal("x.tsv", "a\tb\n\n \tc\n") == "x.tsv:3: the label is empty")
        #expect(try refusal("x.tsv", Data("a\tb\nb\t".utf8) + [0xC3, 0x28]) == "x.tsv:2: not UTF-8")
        #expect(
            try refusal("x.jsonl", "{\"text\":\"a\",\"label\":\"b\"}\n{\"text\":\"a\"}")
                == "x.jsonl:2: \"label\" is missing")
        #expect(try refusal("x.jsonl", "{\"label\":\"a\"}") == "x.jsonl:1: \"text\" is missing")
        #expect(try refusal("x.jsonl", "{\"text\":1,\"label\":\"a\"}") == "x.jsonl:1: \"text\" is not a string")
        #expect(
            try refusal("x.jsonl", "{\"text\":\"a\",\"label\":0.5}")
                == "x.jsonl:1: \"label\" is not a string or a whole number")
        #expect(try refusal("x.jsonl", "[1]") == "x.jsonl:1: not a JSON object")
        #expect(try refusal("x.jsonl", "{\"text\":") == "x.jsonl:1: not JSON")
        #expect(try refusal("x.jsonl", Data([0x22, 0xFF, 0x22])) == "x.jsonl:1: not UTF-8")
    }

    @Test func filesWithoutRowsAreNamed() throws {
        #expect(try refusal("x.tsv", "") == "x.tsv: no rows")
        #expect(try refusal("x.jsonl", "\n\n") == "x.jsonl: no rows")
    }

    @Test func oneLabelIsTooFewToTrainOn() throws {
        #expect(
            try refusal("x.tsv", "a\t1\na\t2", minimumLabels: 2)
                == "x.tsv: all rows have the label \"a\", but at least two labels are required")
        #expect(try refusal("x.tsv", "a\t1\na\t2") == "accepted")
    }

    @Test func filesThatCannotBeReadAreNamed() throws {
        #expect(throws: DatasetError.unreadable(file: "/no/such.tsv", reason: "No such file or directory")) {
            try LabelledFile.read(path: "/no/such.tsv")
        }
        #expect(throws: DatasetError.unreadable(file: folder.path, reason: "Is a directory")) {
            try LabelledFile.read(path: folder.path)
        }
    }

    @Test func readsTextsOfAnyFile() throws {
        #expect(try LabelledFile.readTexts(path: folder.write("x.txt", "a\tb\n\nlast\n")) == ["a\tb", "", "last"])
        #expect(
            try LabelledFile.readTexts(path: folder.write("x.tsv", "a\tone\tmore\n\nb\ttwo\n")) == [
                "one\tmore", "two",
            ])
        #expect(
            try LabelledFile.readTexts(path: folder.write("y.tsv", "plain\n\nlast\n")) == ["plain", "", "last"])
        #expect(try LabelledFile.readTexts(path: folder.write("x.jsonl", "{\"text\":\"a\"}\n")) == ["a"])
        #expect(try LabelledFile.readTexts(path: folder.write("x.txt", Data())) == [])
    }

    @Test func errorsNeverCarryTexts() throws {
        #expect(try !refusal("x.tsv", "secret words without").contains("secret"))
        #expect(try !refusal("x.jsonl", "{\"text\": \"secret\", }").contains("secret"))
    }
}
