import Foundation
import TestSupport
import Testing

@testable import Training

/// Rows that are hardly what they were taken for are refused; those that real files hold are not.
struct RowPlausibilityTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let labels = ["low", "normal", "high"]

    private static let texts = (0..<36).map { "the printer of room \($0) makes a noise again" }

    private func write(_ name: String, _ lines: [String]) throws -> String {
        try folder.write(name, lines.map { $0 + "\n" }.joined())
    }

    /// The reason why the rows are not trained on.
    private func refusal(
        _ name: String, _ lines: [String], label: String? = nil, multi: Bool = false, known: [String] = []
    ) throws -> String? {
        var options = RowOptions()
        (options.labelColumn, options.isMultiLabel) = (label, multi)
        let rows = try LabelledFile.collect(paths: [write(name, lines)], options: options)
        do throws(DatasetError) {
            _ = try PreparedRows(training: rows, validation: nil, known: known)
            return nil
        } catch {
            return error.parts.reason
        }
    }

    private static func tsv(_ header: String?, _ row: (Int) -> String) -> [String] {
        (header.map { [$0] } ?? []) + texts.indices.map(row)
    }

    @Test(arguments: ["Quality\tComment 1", "zzz\tzzz text", "sentiment\twords", "0\t1"])
    func aFirstLineThatOnlyAHeaderCanBeIsRefused(header: String) throws {
        let lines = Self.tsv(header) { "\(Self.labels[$0 % 3])\t\(Self.texts[$0])" }
        let reason = try #require(try refusal("x.tsv", lines))
        #expect(reason.hasPrefix("the first line looks like a header: \""))
        #expect(try refusal("x.tsv", lines, label: "1") == nil)
        #expect(try refusal("x.tsv", Array(lines.dropFirst())) == nil)
    }

    @Test func aFirstRowOfFewWordsIsARow() throws {
        // Its label occurs again; or texts are as short; or most labels occur once.
        #expect(try refusal("x.tsv", Self.tsv("low\thelp") { "\(Self.labels[$0 % 3])\t\(Self.texts[$0])" }) == nil)
        #expect(try refusal("x.tsv", Self.tsv("greeting\thello") { "\(Self.labels[$0 % 3])\tword \($0)" }) == nil)
        #expect(try refusal("x.tsv", Self.tsv("greeting\thello") { "label\($0 % 30)\t\(Self.texts[$0])" }) == nil)
        #expect(try refusal("x.tsv", ["Quality\tComment 1", "low\tone", "high\ttwo"]) == nil)
        #expect(
            try refusal("x.tsv", Self.tsv("zzz\tyes") { "\(Self.labels[$0 % 3])\t\(Self.texts[$0])" }, known: ["zzz"])
                == nil)
    }

    @Test func swappedColumnsAreRefused() throws {
        for (name, separator) in [("x.tsv", "\t"), ("x.csv", ",")] {
            let lines = Self.tsv(nil) { "\(Self.texts[$0])\(separator)\(Self.labels[$0 % 3])" }
            #expect(try refusal(name, lines) == "36 different labels for 3 different texts: are the columns swapped?")
            #expect(try refusal(name, lines, multi: true) != nil)
            #expect(try refusal(name, lines, label: "2") == nil)
            let header = ["label\(separator)text"] + lines
            #expect(try refusal(name, header) == "36 different labels for 3 different texts: are the columns swapped?")
        }
        // Too many labels to be told by their number, but they are the longer ones.
        let own = Self.tsv(nil) { "\(Self.texts[$0])\tlabel\($0 % 20)" }
        #expect(
            try refusal("x.tsv", own)
                == "the labels are longer than the texts, and most rows have a label of their own: "
                + "are the columns swapped?"
        )
    }

    @Test func numbersOfRowsAndWholeTextsAreNoLabels() throws {
        let reason = "nearly as many labels as rows (36 of 36): is this the label column?"
        #expect(try refusal("x.tsv", Self.tsv(nil) { "ticket-\($0)\t\(Self.texts[$0])" }) == reason)
        #expect(
            try refusal("x.csv", Self.tsv("text,label") { "\(Self.texts[$0]) and more,\(Self.texts[$0])" }) == reason)
        let lines = Self.texts.indices.map { "{\"text\":\"\(Self.texts[$0])\",\"label\":\($0)}" }
        #expect(try refusal("x.jsonl", lines) == reason)
        #expect(try refusal("x.jsonl", lines, label: "label") == nil)
    }

    @Test func realFilesAreNotDoubted() throws {
        // One row per label, and labels that an adapter has.
        #expect(
            try refusal("x.tsv", Self.tsv(nil) { "intent_\(String(repeating: "a", count: $0 + 1))\t\(Self.texts[$0])" })
                == nil)
        #expect(try refusal("x.tsv", Self.tsv(nil) { "label \($0)\t\(Self.texts[$0])" }) == nil)
        let numbered = Self.tsv(nil) { "t\($0)\t\(Self.texts[$0])" }
        #expect(try refusal("x.tsv", numbered, known: (0..<36).map { "t\($0)" }) == nil)
        // Labels that are paths of a taxonomy, longer than the texts.
        #expect(try refusal("x.tsv", Self.tsv(nil) { "home / kitchen / pots \($0 % 5)\tpan \($0)" }) == nil)
        // A handful of rows.
        #expect(
            try refusal(
                "x.tsv", ["a long label\tx", "another long label\ty", "the third long label\tz", "and one more\tw"])
                == nil)
        // The same texts with different labels.
        #expect(try refusal("x.tsv", Self.tsv(nil) { "\(Self.labels[$0 % 3])\ttext \($0 % 2)" }) == nil)
    }

    @Test func evenColumnsWithoutAHeaderAreRefused() throws {
        let even = Self.tsv(nil) { "\($0)\t\(Self.labels[$0 % 3])\t\(Self.texts[$0])" }
        #expect(try refusal("x.tsv", even) == "every line has 3 columns, but the first line does not name them")
        let uneven = Self.tsv(nil) { "\(Self.labels[$0 % 3])\ta\tb\($0 % 4 == 3 ? "\tc" : "") \(Self.texts[$0])" }
        #expect(try refusal("x.tsv", uneven) == nil)
    }

    @Test func severalLabelsInOneAreRefused() throws {
        let lines =
            ["id,text,label"]
            + Self.texts.indices.map { "\($0),\(Self.texts[$0]),\(Self.labels[$0 % 3])\($0 % 2 == 0 ? "#b2b" : "")" }
        for multi in [false, true] {
            #expect(
                try refusal("x.csv", lines, multi: multi)
                    == "3 labels such as \"high#b2b\" look like several labels joined into one")
        }
        #expect(try refusal("x.csv", lines, label: "label") == nil)
        #expect(try refusal("x.tsv", Self.tsv(nil) { "\(["C", "C#", "C++", "A|"][$0 % 4])\t\(Self.texts[$0])" }) == nil)
    }

    @Test func labelsThatDifferOnlyInCaseAreNamed() throws {
        let path = try write(
            "x.tsv", Self.tsv(nil) { "\(["High", "high", "low", "Sci Tech"][$0 % 4])\t\(Self.texts[$0])" })
        let rows = try LabelledFile.collect(paths: [path])
        let report = try PreparedRows(training: rows, validation: nil, known: ["scitech"]).report
        #expect(report.training.alikeLabels == [["High", "high"], ["Sci Tech", "scitech"]])
        let line = "labels that differ only in case or blanks, but are different labels: \"High\" and \"high\""
        #expect(report.lines.contains { $0.hasPrefix("training: " + line) })
        let (_, side) = try RowsReport.measured(rows, known: ["LOW", "High", "high"])
        #expect(side.lines(of: "input").contains { $0.contains("\"LOW\" and \"low\"") })
    }

    // MARK: - Texts alone

    @Test func textsInTheWrongColumnAreRefused() throws {
        let swapped = try write("x.csv", Self.tsv(nil) { "\(Self.texts[$0]),\(Self.labels[$0 % 3])" })
        #expect(throws: DatasetError.self) { try LabelledFile.readTexts(path: swapped) }
        #expect(try LabelledFile.readTexts(path: swapped, textColumn: "1") == Self.texts)
        let header = try write("y.csv", Self.tsv("lang,words") { "en,\(Self.texts[$0])" })
        #expect(throws: DatasetError.self) { try LabelledFile.readTexts(path: header) }
        #expect(try LabelledFile.readTexts(path: header, textColumn: "words") == Self.texts)
        for heading in ["body", "Comment"] {
            let one = try write("o.csv", Self.tsv(heading) { Self.texts[$0] })
            #expect(throws: DatasetError.self) { try LabelledFile.readTexts(path: one) }
            #expect(try LabelledFile.readTexts(path: one, textColumn: heading) == Self.texts)
            #expect(try LabelledFile.readTexts(path: one, textColumn: "1") == [heading] + Self.texts)
        }
        let numbered = try write("z.csv", Self.tsv(nil) { "\($0),\(Self.texts[$0 % 12])" })
        #expect(try LabelledFile.readTexts(path: numbered).count == 36)
    }
}
