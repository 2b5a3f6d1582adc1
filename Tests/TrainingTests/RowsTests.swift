import Foundation
import TestSupport
import Testing

@testable import Training

/// Rows as they come: formats, bad rows, what is folded and what is said.
struct RowsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func records(_ text: String) -> [CSVParser.Item] {
        var parser = CSVParser(Array(text.utf8)[...])
        var items: [CSVParser.Item] = []
        while let item = parser.next() { items.append(item) }
        return items
    }

    private func record(_ fields: String..., line: Int) -> CSVParser.Item {
        .record(fields.map { Array($0.utf8) }, line: line)
    }

    @Test func quotedFieldsHoldCommasLineEndsAndQuotes() {
        #expect(
            records("a,b\r\n\"x, y\",\"two\nlines \"\"q\"\"\"\n\n\"\",z") == [
                record("a", "b", line: 1), record("x, y", "two\nlines \"q\"", line: 2), record("", "z", line: 5),
            ])
        #expect(records("") == [])
        #expect(records("a,") == [record("a", "", line: 1)])
    }

    @Test func aQuoteThatNeverEndsSpoilsOneLineOnly() {
        #expect(
            records("a,b\n\"c,d\ne,f\n") == [
                record("a", "b", line: 1), .bad(line: 2, reason: "a quote is opened here and never closed"),
                record("e", "f", line: 3),
            ])
        #expect(
            records("\"a\"b,c\nd,e") == [
                .bad(line: 1, reason: "something other than a comma follows a closing quote"),
                record("d", "e", line: 2),
            ])
        // A later quote closes it by chance: the rows between are rows all the same.
        #expect(
            records("a,\"b\nc,d\ne,\"f\"\ng,h\n") == [
                .bad(line: 1, reason: "something other than a comma follows a closing quote"),
                record("c", "d", line: 2),
                record("e", "f", line: 3), record("g", "h", line: 4),
            ])
        #expect(
            records("a\"b,c\nd,e") == [
                .bad(line: 1, reason: "a quote is inside a field that does not begin with one"),
                record("d", "e", line: 2),
            ])
    }

    @Test func columnsGoByTheFirstLineThatNamesThem() throws {
        let named = try folder.write("n.csv", "id,Text,label\n1,\"one\nline\",a\n2,two,b\n")
        let plain = try folder.write("p.csv", "a,one\nb,\"two\"\n")
        let expected = [LabelledText(text: "one", label: "a"), LabelledText(text: "two", label: "b")]
        #expect(try LabelledFile.read(path: plain) == expected)
        #expect(try LabelledFile.read(path: named).map(\.text) == ["one\nline", "two"])
        #expect(try LabelledFile.readTexts(path: named) == ["one\nline", "two"])
        let ragged = try folder.write("r.csv", "text,label\none,a\ntwo\n")
        #expect(throws: DatasetError.badLine(file: ragged, line: 3, reason: "has 1 columns, but the first line has 2"))
        {
            try LabelledFile.read(path: ragged)
        }
    }

    @Test func badRowsAreCountedWhereThatIsAsked() throws {
        let path = try folder.write("x.tsv", "a\tone\nno tab\n \tblank label\nb\ttwo\n")
        var options = RowOptions()
        options.skipsBadRows = true
        let rows = try LabelledFile.collect(paths: [path], options: options)
        #expect(rows.rows.map(\.label) == ["a", "b"])
        #expect(rows.badRows.map(\.line) == [2, 3])
        #expect(rows.badRows.map(\.reason) == ["no tab between label and text", "the label is empty"])
        options.skipsBadRows = false
        #expect(throws: DatasetError.badLine(file: path, line: 2, reason: "no tab between label and text")) {
            try LabelledFile.collect(paths: [path], options: options)
        }
    }

    @Test func labelsLoseBlanksAndGetOneNormalForm() throws {
        let path = try folder.write("x.tsv", " a \tone\ncafe\u{301}\ttwo\ncaf\u{E9}\tthree\n")
        let rows = try LabelledFile.collect(paths: [path])
        #expect(rows.trimmedLabels == 1 && rows.normalizedLabels == 1)
        #expect(rows.rows.map { Array($0.label.utf8) } == ["a", "caf\u{E9}", "caf\u{E9}"].map { Array($0.utf8) })
    }

    @Test func setsOfLabelsComeWithASeparatorOrAsAList() throws {
        var options = RowOptions()
        options.isMultiLabel = true
        let tabbed = try folder.write("x.tsv", "a|b | a\tone\n\ttwo\n")
        let lines = try folder.write(
            "x.jsonl", "{\"text\":\"t\",\"labels\":[\"c\",\"a\"]}\n{\"text\":\"u\",\"labels\":[]}\n")
        let rows = try LabelledFile.collect(paths: [tabbed, lines], options: options)
        #expect(rows.rows.map(\.labels) == [["a", "b"], [], ["c", "a"], []])
        #expect(rows.sources == [tabbed, lines])
        #expect(rows.emptyLabels == 0)
        #expect(throws: DatasetError.self) { try LabelledFile.collect(paths: [lines]) }
    }

    @Test func emptyLabelsOfASetAreCounted() throws {
        var options = RowOptions()
        options.isMultiLabel = true
        var rows = RowCollection(options)
        try rows.add(text: "one", labels: .text("a|| b"), line: 1)
        try rows.add(text: "two", labels: .set(["", "c"]), line: 2)
        try rows.add(text: "three", labels: .text(" "), line: 3)
        #expect(rows.rows.map(\.labels) == [["a", "b"], ["c"], []] && rows.emptyLabels == 2)
        #expect(RowsReport.Side(rows).emptyLabels == 2)
    }

    @Test func textsThatAreNotInOneNormalFormAreCountedAndKept() throws {
        let path = try folder.write("x.tsv", "a\tcafe\u{301}\na\tcaf\u{E9}\nb\tplain\n")
        let rows = try LabelledFile.collect(paths: [path])
        #expect(rows.unnormalizedTexts == 1 && rows.rows[0].text.unicodeScalars.count == 5)
        let lines = try PreparedRows(training: rows, validation: nil, holdOut: HoldOut(percentage: 0)).report.lines
        #expect(lines.contains("training: 1 row with a text that is not in Unicode's normal form C, left as it is"))
        #expect(lines.contains("training: 1 row with a text that occurred before, left out"))
    }

    @Test func labelsThatAnAdapterDoesNotHaveAreNamed() throws {
        let (rows, side) = try RowsReport.measured(
            try collection([("a", "one"), ("z", "two"), ("b", " ")]), known: ["a", "b"])
        #expect(rows.count == 2 && side.unknownLabels == ["z"])
        let unknown = "input: labels that the adapter does not have, so it never predicts them: z"
        #expect(side.lines(of: "input").last == unknown)
        #expect(throws: DatasetError.noRows(file: "rows")) { try RowsReport.measured(try collection([("a", " ")])) }
        let training = try collection([("a", "one"), ("b", "two")])
        #expect(throws: DatasetError.noRows(file: "rows")) {
            try PreparedRows(training: training, validation: try collection([]))
        }
    }

    // MARK: - Folding

    private func collection(_ rows: [(String, String)]) throws -> RowCollection {
        var collection = RowCollection()
        collection.begin(source: "rows")
        for (index, row) in rows.enumerated() { try collection.add(text: row.1, labels: .text(row.0), line: index + 1) }
        return collection
    }

    private let conflicting = [
        ("a", "Same  text"), ("b", "same text"), ("a", "same text"), ("b", "SAME text"), ("b", "x"), ("c", "x"),
        ("c", "y"),
    ]

    @Test(arguments: [(ConflictRule.newest, ["b", "c", "c"]), (.majority, ["b", "c", "c"]), (.drop, ["c"])])
    func conflictsAreSettledByTheRule(rule: ConflictRule, labels: [String]) throws {
        let folding = RowFolding(try collection(conflicting).rows, conflicts: rule)
        #expect(folding.rows.map(\.row.label) == labels)
        #expect(folding.conflicts == 2)
        #expect(folding.rows.count + folding.duplicates + folding.conflictingRows == conflicting.count)
    }

    @Test func theMajorityOutvotesTheNewest() throws {
        let rows = try collection([("a", "t"), ("a", "t"), ("b", "t")]).rows
        #expect(RowFolding(rows, conflicts: .majority).rows.map(\.row.label) == ["a"])
        #expect(RowFolding(rows, conflicts: .newest).rows.map(\.row.label) == ["b"])
    }

    @Test func everythingFoundIsNamed() throws {
        let training = try collection([
            ("a", "one"), ("a", "ONE"), ("b", "two"), ("b", " "), ("c", "three"), ("d", "three"),
        ])
        let validation = try collection([("a", "one"), ("z", "new")])
        let prepared = try PreparedRows(training: training, validation: validation)
        let report = prepared.report
        #expect(report.training.read == 6 && report.training.rows == 3 && report.training.duplicates == 1)
        #expect(
            report.training.emptyTexts == 1 && report.training.conflicts == 1 && report.training.conflictingRows == 1)
        #expect(report.labelsWithOneRow == ["a", "b", "d"])
        #expect(report.validationOnlyLabels == ["z"])
        #expect(report.trainingTextsInValidation == 1)
        let lines = report.lines.joined(separator: "\n")
        for word in [
            "3 rows with 3 labels, 2 validation rows", "occurred before", "without text", "resolved by newest", "z",
            "warning: 1 row",
        ] {
            #expect(lines.contains(word), "\(word): \(lines)")
        }
    }

    @Test func whatCannotBeTrainedOnIsRefused() throws {
        #expect(throws: DatasetError.noRows(file: "rows")) {
            try PreparedRows(training: try collection([]), validation: nil)
        }
        #expect(throws: DatasetError.oneLabel(file: "rows", label: "a")) {
            try PreparedRows(training: try collection([("a", "one"), ("a", "two")]), validation: nil)
        }
        let many = try collection((0...PreparedRows.maximumLabels).map { ("label \($0)", "text \($0)") })
        #expect(throws: DatasetError.tooManyLabels(file: "rows", count: 10_001, limit: 10_000)) {
            try PreparedRows(training: many, validation: nil)
        }
    }

    // MARK: - Splitting off

    @Test func theSplitIsStableStratifiedAndKeepsDuplicatesOnOneSide() throws {
        let rows = (0..<500).map { ($0 % 5 == 0 ? "rare" : "common", "text \($0)") }
        let whole = try PreparedRows(
            training: try collection(rows + rows.map { ($0.0, $0.1.uppercased()) }), validation: nil)
        let half = try PreparedRows(training: try collection(Array(rows.prefix(250))), validation: nil)
        #expect(whole.training.count + whole.validation.count == 500)
        let held = Set(whole.validation.map { $0.text.lowercased() })
        #expect(held.isDisjoint(with: whole.training.map { $0.text.lowercased() }))
        #expect(Set(half.validation.map(\.text)).isSubset(of: held))
        for (label, count) in [("rare", 100), ("common", 400)] {
            let share = Double(whole.validation.count { $0.label == label }) / Double(count)
            #expect((0.1...0.3).contains(share), "\(label) \(share)")
        }
    }

    @Test func everyLabelWithTwoTextsIsOnBothSides() {
        let texts = (0..<40).flatMap { label in
            (0..<2).map { (text: NormalizedText("text \(label) \($0)"), labels: ["label \(label)"]) }
        }
        let isHeld = HoldOut().split(texts)
        for label in 0..<40 { #expect(isHeld[2 * label] != isHeld[2 * label + 1]) }
        #expect(!HoldOut(percentage: 0).split(texts).contains(true))
    }

    /// Both ways to normalize agree, and what decides on the hold-out is for ever.
    @Test func normalizedTextsOfASCIIAreTheSameByBothWays() {
        var random = TestRandom(seed: 11)
        for _ in 0..<500 {
            let text = String(
                decoding: (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                    UInt8.random(in: 0..<128, using: &random)
                }, as: UTF8.self
            )
            #expect(
                NormalizedText.normalizedASCII(text.utf8) == NormalizedText.normalized(text), "\(text.debugDescription)"
            )
        }
        #expect(NormalizedText.normalizedASCII("Äpfel".utf8) == nil)
        #expect(NormalizedText("  Hello\r\n WORLD ").hash64 == 0xb94d_27b9_934d_3e08)
        #expect(NormalizedText("A\u{308}pfel\u{A0}") == NormalizedText("äpfel"))
    }
}
