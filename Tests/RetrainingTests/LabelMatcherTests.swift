import BERT
import Foundation
import Testing

@testable import Retraining

struct LabelMatcherTests {
    private let matcher = LabelMatcher(
        labels: ["high", "low", "caf\u{E9} noir", "on hold"],
        mapping: LabelMapping(targets: ["urgent": "high"], retired: ["obsolete", "gone"]))

    @Test(arguments: [
        ("high", LabelMatcher.Match.label("high")), (" high\n", .label("high")), ("urgent", .label("high")),
        ("cafe\u{301}  noir", .label("caf\u{E9} noir")), ("on\u{3000}hold", .label("on hold")), ("obsolete", .retired),
        ("gone", .retired), ("High", .unknown), ("cafe noir", .unknown), ("onhold", .unknown), ("", .unknown),
    ])
    func labelsAreMatchedExactly(label: String, match: LabelMatcher.Match) {
        #expect(matcher.match(label) == match)
    }

    @Test func labelsThatDifferInBlanksAloneAreNotMixedUp() {
        let blanks = LabelMatcher(labels: ["a b", "a  b"])
        #expect(blanks.match("a b") == .label("a b") && blanks.match(" a  b") == .label("a  b"))
        #expect(blanks.match("a   b") == .unknown)
    }

    @Test(arguments: [
        ("HIGH", "case", "the task has \"high\""), ("Cafe\u{301} Noir", "case", "the task has \"caf\u{E9} noir\""),
        ("cafe noir", "accent", "the task has \"caf\u{E9} noir\""), ("h\u{ED}gh", "accent", "the task has \"high\""),
        ("hgih", "letter", "the task has \"high\""), ("hig", "letter", "the task has \"high\""),
        ("Highs", "letter", "the task has \"high\""), ("hugh", "letter", "the task has \"high\""),
        ("Urgent", "case", "\"urgent\" is \"high\" now"), ("obsolet", "letter", "\"obsolete\" is retired"),
        ("Gone", "case", "\"gone\" is retired"),
    ])
    func nearMissesAreNamed(label: String, difference: String, advice: String) {
        let near = matcher.nearest(to: label)
        #expect(near?.difference.rawValue == difference && near?.advice == advice)
        #expect(matcher.match(label) == .unknown)
    }

    @Test(arguments: ["", "hi", "lo", "medium", "ghih", "hhigg", String(repeating: "high ", count: 60)])
    func whatIsNotNearIsNotNamed(label: String) { #expect(matcher.nearest(to: label) == nil) }

    @Test func oneLetterIsOneEdit() {
        func differs(_ left: String, _ right: String) -> Bool { LabelMatcher.differsInOneLetter(left, right) }
        #expect(differs("abc", "abd") && differs("abc", "ab") && differs("abc", "xabc") && differs("abc", "acb"))
        #expect(differs("aab", "ab") && differs("ab", "abb") && differs("abc", "axbc"))
        #expect(!differs("abc", "abc") && !differs("abc", "cba") && !differs("abc", "a") && !differs("abcd", "badc"))
        #expect(!differs("abc", "xbd") && !differs("ab", "cd"))
    }

    // MARK: - Census

    private func group(_ label: String, _ rows: Int, text: String = "text") -> LabelCensus.Group {
        LabelCensus.Group(row: LabelledRow(id: 0, text: text, label: label, createdAt: .distantPast), rows: rows)
    }

    @Test func aCensusCountsRowsPerLabelAndWhatIsLost() {
        let census = LabelCensus(
            [
                group("high", 5), group("urgent", 2), group(" High", 120), group("", 3), group("low", 1, text: ""),
                LabelCensus.Group(row: LabelledRow(id: 0, defect: .withoutLabel, createdAt: .distantPast), rows: 4),
            ],
            labels: ["high", "low"], mapping: LabelMapping(targets: ["urgent": "high"]), isMultiLabel: nil)
        #expect(census.rows == ["high": 7, "low": 0])
        #expect(census.summary.read == 135 && census.summary.unusable == 128)
        #expect(census.summary.unusableKinds[.letterCase] == 120 && census.summary.unusableKinds[.unknown] == 3)
        #expect(census.description.unknownLabels.hasPrefix("\"High\": 120, the task has \"high\""))
    }

    @Test func aCensusForgivesWhatANewerRowReplaces() {
        let row = { (label: String) in LabelledRow(id: 0, text: "x", label: label, createdAt: .distantPast) }
        let groups = [
            LabelCensus.Group(row: row("High"), rows: 5, replaced: 5),
            LabelCensus.Group(row: row("high"), rows: 7, replaced: 2), LabelCensus.Group(row: row("Low"), rows: 1),
        ]
        let census = LabelCensus(groups, labels: ["high", "low"], isMultiLabel: nil)
        #expect(census.rows == ["high": 7, "low": 0] && census.summary.read == 13)
        #expect(census.summary.unknownLabels == ["Low": 1] && census.summary.corrected == 5)
    }

    @Test func aCensusFollowsTheKindOfMostRows() {
        func set(_ labels: [String], _ rows: Int) -> LabelCensus.Group {
            LabelCensus.Group(row: LabelledRow(id: 0, text: "x", labels: labels, createdAt: .distantPast), rows: rows)
        }
        let groups = [set(["a", "b"], 3), set([], 2), group("a", 1)]
        let census = LabelCensus(groups, labels: ["a", "b"], isMultiLabel: nil)
        #expect(census.rows == ["a": 3, "b": 3] && census.summary.otherKind == 1)
        #expect(LabelCensus(groups, labels: ["a", "b"], isMultiLabel: false).rows == ["a": 1, "b": 0])
    }
}
