import Foundation
import TestSupport
import Testing
import Training

@testable import Retraining

private func rows(_ rows: [(text: String, label: String)]) -> [LabelledRow] {
    rows.enumerated().map { index, row in
        LabelledRow(
            id: Int64(index), text: row.text, label: row.label, createdAt: Date(timeIntervalSince1970: Double(index)))
    }
}

struct DatasetTests {
    private let everything = HoldOut(percentage: 0)

    @Test func theNewestLabelOfATextCounts() {
        let dataset = Dataset(
            rows: rows([("A chess game", "games"), ("other", "admin"), ("a  CHESS\ngame ", "devel")]),
            labels: ["games", "admin", "devel"], holdOut: everything)
        #expect(dataset.training.map(\.label) == ["devel", "admin"])
        #expect(dataset.training.first?.text == "a  CHESS\ngame ")
        #expect(dataset.summary.duplicates == 1 && dataset.summary.read == 3 && dataset.summary.used == 2)
    }

    @Test func otherWaysToWriteALetterAreTheSameText() {
        let dataset = Dataset(
            rows: rows([("caf\u{E9}", "a"), ("cafe\u{301}", "b")]), labels: ["a", "b"], holdOut: everything)
        #expect(dataset.training.map(\.label) == ["b"])
    }

    @Test func emptyTextsAndForeignLabelsAreCountedAndLeftOut() {
        let dataset = Dataset(
            rows: rows([("", "a"), (" \n", "a"), ("x", "unheard"), ("y", "a")]), labels: ["a"], holdOut: everything)
        #expect(dataset.training == [LabelledText(text: "y", label: "a")])
        #expect(dataset.summary.empty == 2 && dataset.summary.unknownLabels == ["unheard": 1])
        #expect(dataset.summary.unusable == 3 && dataset.summary.read == 4)
    }

    @Test func rowsOfALabelThatTheTaskGaveUpAreNotUnusable() {
        let dataset = Dataset(
            rows: rows([("x", "old"), ("y", "a"), ("z", "Old")]), labels: ["a"], retired: ["old"], holdOut: everything)
        #expect(dataset.summary.withRetiredLabels == 1 && dataset.summary.unknownLabels == ["Old": 1])
        #expect(dataset.summary.unusable == 1 && dataset.training.count == 1)
    }

    @Test func whatWasLeftOutIsNamedWithoutTexts() {
        var summary = RowSummary()
        (summary.read, summary.empty, summary.otherKind, summary.withUnknownLabels) = (360, 1, 2, 130)
        summary.unknownLabels = [
            "High": 120, "lo": 3, "mid": 2, "x": 2, "y": 1, "z": 1, String(repeating: "t", count: 300): 4,
        ]
        let sentence = UnusableRowsDescription(summary, labels: ["high", "low"]).sentence
        #expect(
            sentence == """
                133 of 360 rows unusable: 130 with labels that the task does not have \
                ("High": 120, the task has "high"; \
                one of 300 characters: 4; "lo": 3; "mid": 2; "x": 2; 2 more labels), 1 without text, \
                2 with one label instead of a set, or a set instead of one label
                """)
        #expect(UnusableRowsDescription(RowSummary(), labels: ["high"]).sentence == nil)
    }

    @Test func aTextIsOnOneSideOnly() {
        let texts = (0..<1000).map { (text: "text \($0)", label: "a") }
        let once = Dataset(rows: rows(texts), labels: ["a"], holdOut: HoldOut())
        let again = Dataset(rows: rows(texts.reversed() + texts), labels: ["a"], holdOut: HoldOut())
        #expect(Set(once.heldOut.map(\.text)) == Set(again.heldOut.map(\.text)))
        #expect(once.training.count + once.heldOut.count == 1000)
        #expect((150...250).contains(once.heldOut.count))
    }
}

struct HoldOutTests {
    /// Written down so that a change of the hash or the normalization cannot go unseen.
    @Test func theSidesOfTheseTextsNeverChange() {
        #expect((0..<20).filter { HoldOut().contains("text \($0)") } == [3, 9])
        #expect(HoldOut().contains(" TEXT  3\n") == HoldOut().contains("text 3"))
    }

    @Test func theShareFollowsThePercentage() {
        #expect(!(0..<100).contains { HoldOut(percentage: 0).contains("text \($0)") })
        #expect((0..<100).allSatisfy { HoldOut(percentage: 100).contains("text \($0)") })
    }
}
