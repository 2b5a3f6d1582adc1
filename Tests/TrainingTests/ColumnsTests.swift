import Foundation
import TestSupport
import Testing

@testable import Training

/// Which columns hold texts and labels, and what is said where that cannot be told.
struct ColumnsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ name: String, _ content: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func options(text: String? = nil, label: String? = nil, isMultiLabel: Bool = false) -> RowOptions {
        var options = RowOptions()
        (options.textColumn, options.labelColumn, options.isMultiLabel) = (text, label, isMultiLabel)
        return options
    }

    private func rows(_ name: String, _ content: String, _ options: RowOptions = RowOptions()) throws -> [[String]] {
        try LabelledFile.read(path: write(name, content), options: options).map { $0.labels + [$0.text] }
    }

    /// What was wrong with the rows, and what would help.
    private func refusal(
        _ name: String, _ content: String, _ options: RowOptions = RowOptions()
    ) throws -> (line: Int?, reason: String, remedy: RowRemedy?) {
        let path = try write(name, content)
        do throws(DatasetError) {
            _ = try LabelledFile.read(path: path, options: options)
            return (nil, "accepted", nil)
        } catch {
            return error.parts
        }
    }

    private let expected = [["a", "one two"], ["b", "three"]]

    @Test(arguments: [
        ("x.tsv", "label\ttext\na\tone two\nb\tthree\n"),
        ("x.tsv", "\u{FEFF}Text\tLABEL\r\none two\ta\r\nthree\tb\r\n"),
        ("x.tsv", "# label\ttext\na\tone two\nb\tthree\n"),
        ("x.tsv", "id\t text \t label\n1\tone two\ta\n2\tthree\tb\n"),
        ("x.tsv", "\"label\"\t\"text\"\n\"a\"\t\"one two\"\n\"b\"\t\"three\"\n"),
        ("x.csv", "\u{FEFF}\"Label\",\"Text\"\na,one two\nb,three\n"),
        ("x.csv", "id, text, label\n1,one two,a\n2,three,b\n"),
        ("x.csv", "text;label\none two;a\nthree;b\n"), ("x.csv", "label\ttext\na\tone two\nb\tthree\n"),
        ("x.csv", "Category,Message\na,one two\nb,three\n"), ("x.csv", "sentence,class,idx\none two,a,0\nthree,b,1\n"),
        ("x.csv", "text,label,category\none two,a,z\nthree,b,z\n"), ("x.csv", "a;one two\nb;three\n"),
        ("x.jsonl", "{\"Text\":\"one two\",\"Label\":\"a\"}\n{\"Text\":\"three\",\"Label\":\"b\"}\n"),
        ("x.jsonl", "{\"sentence\":\"one two\",\"label\":\"a\"}\n{\"sentence\":\"three\",\"label\":\"b\"}\n"),
    ])
    func aHeaderNamesTheColumns(name: String, content: String) throws {
        #expect(try rows(name, content) == expected)
    }

    private static let chosen: [(String, String, String?, String?)] = [
        ("x.csv", "id,lang,body,kind\n1,en,one two,a\n2,en,three,b\n", "body", "kind"),
        ("x.tsv", "Quality\tWords\na\tone two\nb\tthree\n", "words", nil), ("x.csv", "a,one two\nb,three\n", "2", "1"),
        ("x.tsv", "one two\ta\nthree\tb\n", nil, "2"), ("x.tsv", "1\ta\tone two\n2\tb\tthree\n", "3", "2"),
        ("x.csv", "text,label,label\none two,z,a\nthree,z,b\n", nil, "3"),
        ("x.jsonl", "{\"body\":\"one two\",\"kind\":\"a\"}\n{\"body\":\"three\",\"kind\":\"b\"}\n", "body", "kind"),
    ]

    @Test(arguments: chosen)
    func columnsCanBeNamedOrNumbered(name: String, content: String, text: String?, label: String?) throws {
        #expect(try rows(name, content, options(text: text, label: label)) == expected)
    }

    @Test func aColumnThatIsNotThereIsNamedWithThoseThatAre() throws {
        let content = "annotator,text,sentiment\nme,one,a\n"
        let lacking = try refusal("x.csv", content)
        #expect(lacking.line == 1 && lacking.reason == "no column is known to hold the labels")
        #expect(lacking.remedy == .labelColumn(among: ["annotator", "text", "sentiment"]))
        let wrong = try refusal("x.csv", content, options(label: "mood"))
        #expect(wrong.reason == "there is no column \"mood\"")
        #expect(wrong.remedy == .columns(among: ["annotator", "text", "sentiment"]))
        let twice = try refusal("x.csv", "text,label,Label\none,a,b\n")
        #expect(twice.reason == "there are several columns named \"label\"")
        #expect(
            try refusal("x.csv", content, options(text: "text", label: "text")).reason.contains("both texts and labels")
        )
        #expect(try refusal("x.csv", "v1,v2,,,\nham,one,,,\n").remedy == .columns(among: ["v1", "v2"]))
        let key = try refusal("x.jsonl", "{\"id\":1,\"text\":\"one\",\"mood\":\"a\"}\n")
        #expect(key.reason == "\"label\" is missing" && key.remedy == .labelColumn(among: ["id", "text", "mood"]))
    }

    @Test func whatMayBeATextIsNoName() throws {
        let refused = try refusal("x.csv", "A secret sentence of a customer!,b,c\nx,y,z\n")
        #expect(refused.reason.hasPrefix("has 3 columns in place of label and text"))
        let path = try write("y.csv", "A secret sentence of a customer!,b,c\nx,y,z\n")
        let reason = "no column is known to hold the texts"
        #expect(throws: DatasetError.doubtful(file: path, line: 1, reason: reason, remedy: .textColumn(among: []))) {
            try LabelledFile.readTexts(path: path)
        }
    }

    @Test func aHeaderWithoutRowsHasNoRows() throws {
        for name in ["x.tsv", "x.csv"] {
            let path = try write(name, name.hasSuffix("tsv") ? "label\ttext\n" : "label,text\n")
            #expect(throws: DatasetError.noRows(file: path)) { try LabelledFile.read(path: path) }
            #expect(try LabelledFile.readTexts(path: path) == [])
        }
    }

    @Test func textsMayHoldTabsWhereTheyAreTheLastColumn() throws {
        #expect(try rows("x.tsv", "label\ttext\na\tone\ttwo\n") == [["a", "one\ttwo"]])
        #expect(try refusal("x.tsv", "text\tlabel\none\ttwo\ta\n").reason == "has 3 columns, the first line 2")
        #expect(try refusal("x.tsv", "id\tlabel\ttext\n1\ta\n").reason == "has 2 columns, the first line 3")
    }

    @Test func quotesInTSVAreThoseOfCSVWhereAllAreWhole() throws {
        let whole = "text\tlabel\n\"one \"\"two\"\"\nlines\"\ta\nthree\t\"{\"\"choices\"\": [\"\"b\"\"]}\"\n"
        #expect(try rows("x.tsv", whole) == [["a", "one \"two\"\nlines"], ["b", "three"]])
        let literal = "text\tlabel\n\"one two\ta\nthree\" \tb\n"
        #expect(try rows("x.tsv", literal) == [["a", "\"one two"], ["b", "three\" "]])
        #expect(try rows("x.tsv", "a\t\"one\"\nb\ttwo\n") == [["a", "\"one\""], ["b", "two"]])
    }

    @Test func utf16IsNamed() throws {
        let path = try write("x.tsv", "")
        try Data([0xFF, 0xFE, 0x61, 0x00, 0x09, 0x00]).write(to: URL(fileURLWithPath: path))
        #expect(throws: DatasetError.unreadable(file: path, reason: "it is UTF-16, not UTF-8")) {
            try LabelledFile.read(path: path)
        }
    }

    // MARK: - Texts alone

    private static let unlabelled: [(String, String, String?)] = [
        ("x.csv", "label, text\na,one two\nb,three\n", nil),
        ("x.csv", "id, text, label\n1,one two,a\n2,three,b\n", nil),
        ("x.csv", "id,lang,body\n1,en,one two\n2,en,three\n", "body"),
        ("x.csv", "id;lang;body\n1;en;one two\n2;en;three\n", "body"),
        ("x.csv", "a,one two\nb,three\n", nil), ("x.csv", "text\none two\nthree\n", nil),
        ("x.csv", "one two\nthree\n", nil),
        ("x.tsv", "Text\tid\none two\t1\nthree\t2\n", nil), ("x.tsv", "one two\nthree\n", nil),
        ("x.tsv", "1\tone two\n2\tthree\n", nil),
        ("x.tsv", "lang\tbody\nen\tone two\nen\tthree\n", "body"),
        ("x.jsonl", "{\"body\":\"one two\"}\n{\"body\":\"three\"}\n", "body"),
        ("x.json", "[{\"text\":\"one two\"},\n{\"text\":\"three\",\"label\":[]}]", nil),
        (
            "x.json", "[{\"id\":1,\"data\":{\"text\":\"one two\"}},{\"data\":{\"text\":\"three\"},\"predictions\":[]}]",
            nil
        ),
    ]

    @Test(arguments: unlabelled)
    func textsComeFromTheColumnsOfTrain(name: String, content: String, column: String?) throws {
        #expect(try LabelledFile.readTexts(path: write(name, content), textColumn: column) == ["one two", "three"])
    }

    @Test(arguments: [
        ("x.csv", "id,lang,body\n1,en,one\n", 1, "no column is known to hold the texts"),
        ("x.csv", "id;lang;body\n1;en;one\n", 1, "no column is known to hold the texts"),
        ("x.tsv", "id\tlang\tbody\n1\ten\tone\n", 1, "no column is known to hold the texts"),
        ("x.csv", "review,sentiment\none,a\n", 1, "no column is known to hold the texts"),
        ("x.csv", "label,text\na,one\nb\n", 3, "has 1 columns, the first line 2"),
        ("x.csv", "a,one\nb,two,three\n", 2, "has 3 columns, the first line 2"),
        ("x.tsv", "a\tone\ntwo\n", 2, "no tab between label and text"),
        ("x.tsv", "one\ntwo\tthree\n", 2, "has 2 columns, the first line 1"),
    ])
    func textsThatCannotBeToldAreRefused(name: String, content: String, line: Int, reason: String) throws {
        let path = try write(name, content)
        do throws(DatasetError) {
            _ = try LabelledFile.readTexts(path: path)
            Issue.record("\(content) was accepted")
        } catch {
            #expect(error.parts.line == line && error.parts.reason == reason)
            if case .textColumn(let names)? = error.parts.remedy { #expect(names.count > 1) }
        }
    }
}

extension DatasetError {
    /// What is wrong with rows, and what would help.
    var parts: (line: Int?, reason: String, remedy: RowRemedy?) {
        switch self {
        case .doubtful(_, let line, let reason, let remedy): (line, reason, remedy)
        case .badLine(_, let line, let reason): (line, reason, nil)
        default: (nil, description, nil)
        }
    }
}
