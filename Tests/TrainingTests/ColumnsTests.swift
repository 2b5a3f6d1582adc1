import Foundation
import TestSupport
import Testing

@testable import Training

/// Which columns hold texts and labels, and what is said where that cannot be told.
struct ColumnsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func options(text: String? = nil, label: String? = nil, isMultiLabel: Bool = false) -> RowOptions {
        var options = RowOptions()
        (options.textColumn, options.labelColumn, options.isMultiLabel) = (text, label, isMultiLabel)
        return options
    }

    private func rows(_ name: String, _ content: String, _ options: RowOptions = RowOptions()) throws -> [[String]] {
        try LabelledFile.read(path: folder.write(name, content), options: options).map { $0.labels + [$0.text] }
    }

    /// What was wrong with the rows, and what would help.
    private func refusal(
        _ name: String, _ content: String, _ options: RowOptions = RowOptions()
    ) throws -> (line: Int?, reason: String, remedy: RowRemedy?) {
        let path = try folder.write(name, content)
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

    private static let numbered: [(String, String, String?, String?)] = [
        ("x.csv", "text,label\none two,a\nthree,b\n", "1", "2"),
        ("x.csv", "body,label\none two,a\nthree,b\n", nil, "2"),
        ("x.tsv", "label\tbody\na\tone two\nb\tthree\n", "2", nil),
        ("x.csv", "text;mood\none two;a\nthree;b\n", "1", "2"),
        ("x.csv", "Review,Sentiment\none two,a\nthree,b\n", "1", "2"),
        ("x.tsv", "id\twords\tmood\n1\tone two\ta\n2\tthree\tb\n", "2", "3"),
        ("x.tsv", "\"text\"\t\"label\"\n\"one two\"\t\"a\"\n\"three\"\t\"b\"\n", "1", "2"),
    ]

    @Test(arguments: numbered)
    func columnsByNumberLeaveAHeaderAHeader(name: String, content: String, text: String?, label: String?) throws {
        #expect(try rows(name, content, options(text: text, label: label)) == expected)
        let column = text ?? (label == "1" ? "2" : "1")
        #expect(
            try LabelledFile.readTexts(path: folder.write(name, content), textColumn: column) == ["one two", "three"])
    }

    @Test(arguments: [
        "order\tstatus\n", "text\thello there\n", "message\tok\n", "a\ttext me when it is there, please\n",
        "\tcomment\n",
    ])
    func columnsByNumberLeaveARowARow(line: String) throws {
        var options = self.options(text: "2", label: "1")
        options.isMultiLabel = true
        let path = try folder.write("x.tsv", line + "b\tthree\n")
        #expect(try LabelledFile.collect(paths: [path], options: options).rows.count == 2)
    }

    @Test(arguments: [
        ("x.csv", "label,text\na,one\nlabel,text\nb,two\n", 3, "repeats the header"),
        ("x.csv", "id,text,label\n1,\"one\nmore\",a\n\u{FEFF}id,text,label\n1,two,b\n", 4, "repeats the header"),
        ("x.csv", "label,text\na,one\ntext,label\ntwo,b\n", 3, "repeats the header"),
        ("x.tsv", "label\ttext\na\tone\n# Label\tText\nb\ttwo\n", 3, "repeats the header"),
        ("x.tsv", "id\tlabel\ttext\n1\ta\tone\nid\tlabel\ttext\n", 3, "repeats the header"),
        ("x.tsv", "a\tone\nlabel\ttext\nb\ttwo\n", 2, "is a header within the rows"),
        ("x.csv", "a,one\nCategory,Message\nb,two\n", 2, "is a header within the rows"),
    ])
    func aHeaderWithinTheRowsIsNoRow(name: String, content: String, line: Int, reason: String) throws {
        let refused = try refusal(name, content)
        #expect(refused.line == line && refused.reason == reason)
        var skipping = RowOptions()
        skipping.skipsBadRows = true
        let rows = try LabelledFile.collect(paths: [folder.write(name, content)], options: skipping)
        #expect(rows.badRows.map(\.line).contains(line) && !rows.rows.map(\.text).contains("text"))
        #expect(throws: DatasetError.badLine(file: folder.path + "/" + name, line: line, reason: reason)) {
            try LabelledFile.readTexts(path: folder.write(name, content))
        }
    }

    @Test func wordsThatOnlyLookLikeAHeaderAreRows() throws {
        let content = "label,text\na,text\nlabel,one\nclass,dismissed\n"
        #expect(try rows("x.csv", content) == [["a", "text"], ["label", "one"], ["class", "dismissed"]])
        #expect(try LabelledFile.readTexts(path: folder.write("y.csv", "text\none\ntext\n")) == ["one", "text"])
        let named = "mood,words\na,one\nmood,words\n"
        #expect(try refusal("x.csv", named, options(text: "words", label: "mood")).reason == "repeats the header")
    }

    @Test(arguments: ["label:", "<label>", "'label'", "[label]", "(Label)", "{label}", "label?", "# \"label\""])
    func marksAroundANameDoNotCount(name: String) throws {
        let quoted = "\"" + name.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        #expect(try rows("x.csv", "\(quoted),text:\na,one two\nb,three\n") == expected)
        #expect(try rows("x.tsv", "\(name)\t<text>\na\tone two\nb\tthree\n") == expected)
        #expect(try LabelledFile.readTexts(path: folder.write("y.csv", "\(quoted),'text'\na,one\n")) == ["one"])
    }

    @Test func aMarkedNameThatIsNotKnownIsNamedOrRefused() throws {
        let content = "text,gold?\none two,a\nthree,b\n"
        #expect(try rows("x.csv", content, options(label: "gold")) == expected)
        #expect(try refusal("x.csv", content).remedy == .labelColumn(among: ["text", "gold?"]))
        #expect(try refusal("x.csv", "text,,b\none,,a\n", options(label: "?")).reason == "there is no column \"?\"")
    }

    @Test func aColumnThatIsNotThereIsNamedWithThoseThatAre() throws {
        let content = "annotator,text,sentiment\nme,one,a\n"
        let lacking = try refusal("x.csv", content)
        #expect(lacking.line == 1 && lacking.reason == "cannot tell which column holds the labels")
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
        #expect(refused.reason.hasPrefix("has 3 columns instead of label and text"))
        let path = try folder.write("y.csv", "A secret sentence of a customer!,b,c\nx,y,z\n")
        let reason = "cannot tell which column holds the texts"
        #expect(throws: DatasetError.doubtful(file: path, line: 1, reason: reason, remedy: .textColumn(among: []))) {
            try LabelledFile.readTexts(path: path)
        }
    }

    @Test func aHeaderWithoutRowsHasNoRows() throws {
        for name in ["x.tsv", "x.csv"] {
            let path = try folder.write(name, name.hasSuffix("tsv") ? "label\ttext\n" : "label,text\n")
            #expect(throws: DatasetError.noRows(file: path)) { try LabelledFile.read(path: path) }
            #expect(try LabelledFile.readTexts(path: path) == [])
        }
    }

    @Test func textsMayHoldTabsWhereTheyAreTheLastColumn() throws {
        #expect(try rows("x.tsv", "label\ttext\na\tone\ttwo\n") == [["a", "one\ttwo"]])
        #expect(try refusal("x.tsv", "text\tlabel\none\ttwo\ta\n").reason == "has 3 columns, but the first line has 2")
        #expect(try refusal("x.tsv", "id\tlabel\ttext\n1\ta\n").reason == "has 2 columns, but the first line has 3")
    }

    @Test func quotesInTSVAreThoseOfCSVWhereAllAreWhole() throws {
        let whole = "text\tlabel\n\"one \"\"two\"\"\nlines\"\ta\nthree\t\"{\"\"choices\"\": [\"\"b\"\"]}\"\n"
        #expect(try rows("x.tsv", whole) == [["a", "one \"two\"\nlines"], ["b", "three"]])
        let literal = "text\tlabel\n\"one two\ta\nthree\" \tb\n"
        #expect(try rows("x.tsv", literal) == [["a", "\"one two"], ["b", "three\" "]])
        #expect(try rows("x.tsv", "a\t\"one\"\nb\ttwo\n") == [["a", "\"one\""], ["b", "two"]])
    }

    @Test func utf16IsNamed() throws {
        let path = try folder.write("x.tsv", Data([0xFF, 0xFE, 0x61, 0x00, 0x09, 0x00]))
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
        ("x.csv", "a;one two\nb;three\n", nil), ("x.csv", "a\tone two\nb\tthree\n", nil),
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
        #expect(
            try LabelledFile.readTexts(path: folder.write(name, content), textColumn: column) == ["one two", "three"])
    }

    @Test func textsMayHoldWhatSeparatesColumns() throws {
        for texts in [["one; two", "three"], ["one; two", "three; four"], ["one;two", "three"]] {
            let path = try folder.write("x.csv", texts.map { $0 + "\n" }.joined())
            #expect(try LabelledFile.readTexts(path: path) == texts)
        }
        let path = try folder.write("x.tsv", "Text, please, when it is there\none, two\n")
        #expect(try LabelledFile.readTexts(path: path) == ["Text, please, when it is there", "one, two"])
        #expect(try refusal("y.tsv", "label,text\na,one\n").reason.hasPrefix("is a header with commas"))
    }

    @Test(arguments: ["\n", "\r\n"])
    func anEmptyLineOfOneColumnKeepsItsPlace(end: String) throws {
        let lines = ["", "one", "", "", "\"two\(end)lines\"", "", "three", "", ""]
        let texts = ["", "one", "", "", "two\(end)lines", "", "three"]
        let plain = try folder.write("x.csv", lines.map { $0 + end }.joined())
        #expect(try LabelledFile.readTexts(path: plain) == texts)
        let headed = try folder.write("y.csv", end + (["text"] + lines).map { $0 + end }.joined())
        #expect(try LabelledFile.readTexts(path: headed) == texts)
        let columns = try folder.write("z.csv", ["a,one", "", "b,two"].map { $0 + end }.joined())
        #expect(try LabelledFile.readTexts(path: columns) == ["one", "two"])
    }

    @Test(arguments: [
        ("x.csv", "id,lang,body\n1,en,one\n", 1, "cannot tell which column holds the texts"),
        ("x.csv", "id;lang;body\n1;en;one\n", 1, "cannot tell which column holds the texts"),
        ("x.tsv", "id\tlang\tbody\n1\ten\tone\n", 1, "cannot tell which column holds the texts"),
        ("x.csv", "review,sentiment\none,a\n", 1, "cannot tell which column holds the texts"),
        ("x.csv", "label,text\na,one\nb\n", 3, "has 1 columns, but the first line has 2"),
        ("x.csv", "a,one\nb,two,three\n", 2, "has 3 columns, but the first line has 2"),
        ("x.tsv", "a\tone\ntwo\n", 2, "no tab between label and text"),
        ("x.tsv", "label,text\na,one\n", 1, "is a header with commas instead of tabs between its names"),
        ("x.tsv", "\"id\";\"review\"\n1;one\n", 1, "is a header with semicolons instead of tabs between its names"),
        ("x.tsv", "one\ntwo\tthree\n", 2, "has 2 columns, but the first line has 1"),
    ])
    func textsThatCannotBeToldAreRefused(name: String, content: String, line: Int, reason: String) throws {
        let path = try folder.write(name, content)
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
