import Foundation
import Testing

@testable import Retraining

struct PromotionGateTests {
    /// A held-out set by groups of rows: truth, the champion's label, the challenger's label, number of rows.
    private func set(
        _ groups: [(truth: String, champion: String, challenger: String, rows: Int)], kind: HeldOutSet.Kind = .hash
    ) -> HeldOutSet {
        func labels(_ label: (Int) -> String) -> [[String]] {
            groups.indices.flatMap { [[String]](repeating: [label($0)], count: groups[$0].rows) }
        }
        return HeldOutSet(
            kind: kind, truth: labels { groups[$0].truth }, champion: labels { groups[$0].champion },
            challenger: labels { groups[$0].challenger })
    }

    /// Rows of `a` and `b`, each half right under both, with so many corrected and new errors of each label.
    private func set(
        rows: Int, corrected: Int, new: Int, kind: HeldOutSet.Kind = .hash
    ) -> HeldOutSet {
        let right = (rows - 2 * corrected - 2 * new) / 2
        return set(
            ["a", "b"].flatMap { label in
                let wrong = label == "a" ? "b" : "a"
                return [
                    (label, label, label, right), (label, wrong, label, corrected), (label, label, wrong, new),
                ]
            }, kind: kind)
    }

    private func evidence(
        _ sets: [HeldOutSet], champion: [String] = ["a", "b"], task: [String] = ["a", "b"]
    ) -> GateEvidence {
        var rows = RowSummary()
        rows.read = 1000
        return GateEvidence(
            sets: sets, rows: rows, championLabels: champion, taskLabels: task, mostFrequentLabel: "a")
    }

    private func decision(
        _ sets: [HeldOutSet], _ change: (inout GateSettings) -> Void = { _ in }
    ) -> GateDecision {
        var settings = GateSettings()
        change(&settings)
        return PromotionGate(settings).decision(evidence(sets))
    }

    // MARK: - Better

    @Test func theBetterChallengerTakesOver() {
        let decision = decision([set(rows: 200, corrected: 10, new: 2)])
        #expect(decision.verdict == .promoted)
        #expect(
            decision.reason.hasPrefix(
                "challenger takes over: macro-F1 0.9800 against the champion's 0.9000 on 200 held-out rows (p "))
        #expect(decision.reason.contains("20 errors corrected and 4 new (p 0.00046)"))
    }

    @Test func aDifferenceWithinChanceIsHeld() {
        let decision = decision([set(rows: 200, corrected: 4, new: 2)])
        #expect(decision.verdict == .held)
        #expect(decision.reason.hasPrefix("difference within chance: macro-F1 0.9800 against the champion's 0.9600"))
        #expect(decision.reason.contains("p must be at most 0.0250 (look 1)"))
        #expect(decision.reason.hasSuffix("it is judged again with new held-out rows"))
    }

    @Test func theWorseChallengerIsRejected() {
        let decision = decision([set(rows: 200, corrected: 2, new: 10)])
        #expect(decision.verdict == .rejected)
        #expect(decision.reason.contains("challenger is worse: macro-F1 0.9000 against the champion's 0.9800"))
    }

    @Test func aTieIsRejected() {
        for rows in [
            decision([set(rows: 200, corrected: 3, new: 3)]), decision([set(rows: 200, corrected: 0, new: 0)]),
        ] {
            #expect(rows.verdict == .rejected && rows.reason.hasPrefix("challenger only ties: "), "\(rows.reason)")
        }
    }

    @Test func theGainThatIsAskedForIsRequiredBesides() {
        let better = [set(rows: 200, corrected: 10, new: 2)]
        #expect(decision(better) { $0.minimumGain = 0.05 }.verdict == .promoted)
        let held = decision(better) { $0.minimumGain = 0.1 }
        #expect(held.verdict == .held && held.reason.contains("a gain of 0.1000 in macro-F1 is required"))
        #expect(decision(better) { $0.minimumGain = 0.5 }.verdict == .rejected)
        #expect(decision(better) { $0.minimumGain = -1 }.verdict == .promoted)
    }

    // MARK: - Looks

    @Test func theLooksTogetherSpendTheWholeLevel() {
        let settings = GateSettings()
        #expect(abs(settings.level(look: 1) - 0.025) < 1e-12 && settings.level(look: 0) == settings.level(look: 1))
        let spent = (1...1000).reduce(0) { $0 + settings.level(look: $1) }
        #expect(spent < 0.05 && spent > 0.0499)
    }

    @Test func aLaterLookAsksForMore() {
        var evidence = evidence([set(rows: 200, corrected: 7, new: 2)])
        #expect(PromotionGate().decision(evidence).verdict == .promoted)
        evidence.look = 5
        let later = PromotionGate().decision(evidence)
        #expect(later.verdict == .held && later.findings.look == 5 && later.reason.contains("(look 5)"))
    }

    // MARK: - Not worse

    @Test func notWorseNeedsALowerBoundAboveTheMargin() {
        func verdict(_ rows: Int, _ corrected: Int, _ new: Int, margin: Double = 0.01) -> RetrainingVerdict {
            decision([set(rows: rows, corrected: corrected, new: new)]) {
                ($0.rule, $0.margin) = (.notWorse, margin)
            }.verdict
        }
        #expect(verdict(200, 2, 2) == .held)
        #expect(verdict(4000, 10, 10) == .promoted)
        #expect(verdict(200, 2, 2, margin: 0.05) == .promoted)
        #expect(verdict(200, 2, 15, margin: 0.01) == .rejected)
    }

    @Test func aTaskWithOtherLabelsNeedsNoBetterAdapter() {
        var evidence = evidence([set(rows: 4000, corrected: 10, new: 10)], champion: ["a", "b", "old"])
        #expect(PromotionGate().decision(evidence).verdict == .promoted)
        evidence.hasChangedLabels = false
        #expect(PromotionGate().decision(evidence).verdict == .rejected)
        // Behind in nothing, on rows that are too few to prove it.
        evidence.sets = [set(rows: 60, corrected: 1, new: 1)]
        evidence.hasChangedLabels = true
        #expect(PromotionGate().decision(evidence).verdict == .promoted)
        evidence.sets = [set(rows: 60, corrected: 1, new: 2)]
        #expect(PromotionGate().decision(evidence).verdict == .held)
    }

    // MARK: - Two sets

    @Test func twoSetsMustAgree() {
        let better = set(rows: 200, corrected: 12, new: 1)
        #expect(decision([better, set(rows: 60, corrected: 2, new: 1, kind: .newest)]).verdict == .promoted)
        let other = decision([better, set(rows: 60, corrected: 1, new: 2, kind: .newest)])
        #expect(other.verdict == .held)
        #expect(
            other.reason.hasPrefix("the held-out sets disagree: ") && other.reason.contains("60 newest held-out rows"))
    }

    @Test func worseOnOneSetAloneIsHeldWithTheReason() {
        let better = set(rows: 200, corrected: 12, new: 1)
        let worse = set(rows: 60, corrected: 0, new: 4, kind: .newest)
        let held = decision([better, worse])
        #expect(held.verdict == .held && held.reason.hasPrefix("the held-out sets disagree: "), "\(held.reason)")
        #expect(held.reason.contains("on 60 newest held-out rows"))
        // However bad all rows together are.
        let bad = decision([set(rows: 600, corrected: 2, new: 1), set(rows: 60, corrected: 0, new: 9, kind: .newest)])
        #expect(bad.verdict == .held, "\(bad.reason)")
    }

    @Test func worseOnBothSetsOrOnTheOnlyOneIsRejected() {
        let worse = set(rows: 60, corrected: 0, new: 4, kind: .newest)
        let both = decision([set(rows: 200, corrected: 1, new: 12), worse])
        #expect(both.verdict == .rejected && both.reason.contains("challenger is worse: "), "\(both.reason)")
        let behind = decision([set(rows: 200, corrected: 1, new: 2), worse])
        #expect(behind.verdict == .rejected, "\(behind.reason)")
        #expect(decision([set(rows: 18, corrected: 3, new: 0), worse]).verdict == .rejected)
    }

    @Test func aSetWithTooFewRowsDoesNotCount() {
        let better = set(rows: 200, corrected: 12, new: 1)
        let few = decision([better, set(rows: 18, corrected: 0, new: 4, kind: .newest)])
        #expect(few.verdict == .promoted && few.findings.union.rows == 200)
        #expect(few.findings.sets.map(\.counts) == [true, false])
        let none = decision([set(rows: 18, corrected: 9, new: 0)])
        #expect(none.verdict == .held)
        #expect(
            none.reason == "challenger cannot be judged: 18 held-out rows chosen by hash are too few, 20 are required")
    }

    // MARK: - Labels

    /// Rows in which the champion finds 90 of 100 rows of `a`, the challenger all of them; `b` is given.
    private func sets(b: [(truth: String, champion: String, challenger: String, rows: Int)]) -> [HeldOutSet] {
        [set([("a", "a", "a", 170), ("a", "c", "a", 30), ("c", "c", "c", 30)] + b)]
    }

    private func decision(b: [(truth: String, champion: String, challenger: String, rows: Int)]) -> GateDecision {
        PromotionGate().decision(evidence(sets(b: b), champion: ["a", "b", "c"], task: ["a", "b", "c"]))
    }

    @Test func aForgottenLabelIsRejectedHoweverGoodTheRest() {
        let decision = decision(b: [("b", "b", "a", 14), ("b", "a", "a", 2)])
        #expect(decision.verdict == .rejected)
        #expect(
            decision.reason.hasPrefix(
                "challenger forgets \"b\": recall 0.0000 against the champion's 0.8750 on 16 held-out rows, 14 lost "
                    + "and 0 gained (p below 0.0001); at most 0.0500 may be lost"), "\(decision.reason)")
        #expect(decision.findings.labels.first?.state == .fell)
    }

    @Test func aDoubtfulFallIsHeld() {
        let decision = decision(b: [("b", "b", "b", 16), ("b", "b", "a", 4)])
        #expect(decision.verdict == .held && decision.reason.hasPrefix("challenger may forget \"b\": "))
    }

    @Test func aFallThatChanceExplainsIsNone() {
        #expect(decision(b: [("b", "b", "b", 9), ("b", "b", "a", 1)]).verdict == .promoted)
        #expect(decision(b: [("b", "b", "b", 90), ("b", "b", "a", 4)]).verdict == .promoted)
    }

    @Test func rareLabelsAreJudgedTogetherAndNamed() {
        let names = ["p", "q", "r", "s"]
        let groups = names.flatMap { [($0, $0, "a", 2), ($0, $0, $0, 3)] }
        let labels = ["a", "c"] + names
        let decision = PromotionGate().decision(evidence(sets(b: groups), champion: labels, task: labels))
        #expect(decision.verdict == .rejected)
        #expect(decision.reason.contains("challenger forgets \"p\", \"q\", \"r\", \"s\": recall 0.6000"))
        #expect(
            decision.reason.hasSuffix(
                "labels with fewer than 10 held-out rows are judged together: \"p\", \"q\", \"r\", \"s\""))
    }

    @Test func aRareLabelThatIsNeverFoundAgainIsDoubtful() {
        let labels = ["a", "b", "c", "p"]
        let groups = [("b", "b", "b", 9), ("p", "p", "a", 3)]
        let decision = PromotionGate().decision(evidence(sets(b: groups), champion: labels, task: labels))
        #expect(decision.verdict != .promoted)
        #expect(decision.findings.labels.contains { $0.labels == ["p"] && $0.state == .doubtful })
    }

    @Test func aLabelWithoutAHeldOutRowHolds() {
        let better = set(rows: 200, corrected: 12, new: 1)
        let labels = ["a", "b", "zed"]
        let decision = PromotionGate().decision(evidence([better], champion: labels, task: labels))
        #expect(decision.verdict == .held && decision.findings.missingRows == ["zed": 10])
        #expect(
            decision.reason == "challenger cannot be judged: 1 of the champion's 3 labels has no held-out row "
                + "(\"zed\": 10 missing); add annotations with these labels")
        // A label that the task gave up is not missed.
        let other = PromotionGate().decision(evidence([better], champion: labels))
        #expect(other.findings.missingRows.isEmpty)
    }

    @Test func aNewLabelWaitsForItsRows() {
        func decision(_ rows: Int) -> GateDecision {
            let sets = [set([("a", "a", "a", 100), ("b", "b", "b", 100), ("new", "a", "new", rows)])]
            return PromotionGate().decision(evidence(sets, task: ["a", "b", "new"]))
        }
        #expect(decision(4).reason.contains("1 new label has too few held-out rows (\"new\": 6 missing)"))
        #expect(decision(4).verdict == .held && decision(10).verdict == .promoted)
    }

    // MARK: - Rows

    @Test func moreThanTwoPercentUnusableRowsHold() {
        func decision(_ change: (inout RowSummary) -> Void) -> GateDecision {
            var evidence = evidence([set(rows: 200, corrected: 12, new: 1)])
            evidence.rows.read = 100
            change(&evidence.rows)
            return PromotionGate().decision(evidence)
        }
        #expect(decision { $0.withUnknownLabels = 2 }.verdict == .promoted)
        #expect(decision { $0.withUnknownLabels = 3 }.verdict == .held)
        #expect(decision { $0.empty = 3 }.verdict == .held && decision { $0.otherKind = 3 }.verdict == .held)
        #expect(decision { $0.withRetiredLabels = 50 }.verdict == .promoted)
        let held = decision { $0.withUnknownLabels = 33 }
        #expect(held.reason.contains("33.0 % of the rows are unusable, at most 2.0 % may be"))
    }

    @Test func aLabelThatLosesRowsToAnotherSpellingHolds() {
        func decision(_ rows: Int) -> GateDecision {
            var evidence = evidence([set(rows: 200, corrected: 12, new: 1)])
            evidence.misspellings = [.init(spelling: "B", label: "b", rows: rows, usable: 100)]
            return PromotionGate().decision(evidence)
        }
        #expect(decision(5).verdict == .promoted)
        #expect(decision(6).verdict == .held && decision(6).reason.contains("\"B\" for \"b\" in 6 of 106 rows"))
    }

    @Test func unknownTrainingRowsHoldUnlessTheyAreAllowed() {
        var evidence = evidence([set(rows: 200, corrected: 12, new: 1)])
        evidence.hasUnknownTrainingRows = true
        let held = PromotionGate().decision(evidence)
        #expect(held.verdict == .held && held.reason.contains("retrain.gate.unknown_training_rows: allow"))
        var settings = GateSettings()
        settings.unknownTrainingRows = .allow
        let allowed = PromotionGate(settings).decision(evidence)
        #expect(allowed.verdict == .promoted)
        #expect(allowed.reason.hasSuffix("(retrain.gate.unknown_training_rows: allow)"))
    }

    @Test func aPersonMayHaveTheLastWord() {
        let decision = decision([set(rows: 200, corrected: 12, new: 1)]) { $0.approve = .person }
        #expect(decision.verdict == .held && decision.findings.awaitsApproval)
        #expect(decision.reason.contains("a person must promote it (retrain.gate.approve: person)"))
    }

    // MARK: - The first adapter

    private func first(
        _ right: Int, champion: [String] = [], task: [String] = ["a", "b"], rule: GateSettings.Rule = .better
    ) -> GateDecision {
        let truth = (0..<20).map { [$0 % 2 == 0 ? "a" : "b"] }
        let challenger = truth.enumerated().map { $0 < right ? $1 : $1 == ["a"] ? ["b"] : ["a"] }
        let set = HeldOutSet(kind: .hash, truth: truth, champion: nil, challenger: challenger)
        var settings = GateSettings()
        settings.rule = rule
        return PromotionGate(settings).decision(evidence([set], champion: champion, task: task))
    }

    @Test func whatIsNotWorseThanOneLabelForAllIsNoFirstAdapter() {
        #expect(first(20, rule: .notWorse).verdict == .promoted)
        #expect(first(10, rule: .notWorse).verdict != .promoted && first(12, rule: .notWorse).verdict == .held)
        #expect(first(10, champion: ["a", "b"], rule: .notWorse).verdict != .promoted)
    }

    @Test func theFirstAdapterMustBeatTheMostFrequentLabel() {
        #expect(first(20).verdict == .promoted)
        #expect(
            first(20).reason.hasPrefix("challenger is the first adapter: macro-F1 1.0000 against 0.3333 of always "))
        #expect(first(10).findings.opponent == .mostFrequentLabel)
        #expect(first(12).verdict == .held && first(12).reason.hasPrefix("difference within chance"))
        #expect(first(4).verdict == .rejected)
        #expect(first(20, task: ["a", "b", "zed"]).reason.hasSuffix("no held-out row has the label \"zed\""))
    }

    @Test func aChampionOfAnotherBaseIsNamedAndItsLabelsAreKept() {
        let decision = first(20, champion: ["a", "b"])
        #expect(decision.verdict == .promoted)
        #expect(decision.reason.contains("first adapter of this base; the live version belongs to another base"))
        #expect(first(20, champion: ["a", "b", "zed"], task: ["a", "b", "zed"]).verdict == .held)
    }
}

/// Input of every kind gets an answer.
struct PromotionGateInputTests {
    private func decision(_ sets: [HeldOutSet], labels: [String]) -> GateDecision {
        PromotionGate().decision(
            GateEvidence(
                sets: sets, rows: RowSummary(), championLabels: labels, taskLabels: labels,
                mostFrequentLabel: labels.first ?? ""))
    }

    @Test func noRowsAreHeld() {
        let empty = HeldOutSet(kind: .hash, truth: [], champion: [], challenger: [])
        for sets in [[], [empty], [empty, HeldOutSet(kind: .newest, truth: [], champion: nil, challenger: [])]] {
            let decision = decision(sets, labels: ["a", "b"])
            #expect(decision.verdict == .held && decision.reason.contains("too few"), "\(decision.reason)")
        }
        #expect(decision([], labels: []).reason.contains("0 held-out rows are too few"))
    }

    @Test func setsOfLabelsAreJudgedRowByRowAndLabelByLabel() {
        let truth = (0..<120).map { $0 % 3 == 0 ? ["a", "b"] : $0 % 3 == 1 ? ["b"] : [] }
        let champion = truth.enumerated().map { $0 % 4 == 0 ? ["a"] : $1 }
        let decision = decision(
            [HeldOutSet(kind: .hash, truth: truth, champion: champion, challenger: truth)], labels: ["a", "b"])
        #expect(decision.verdict == .promoted, "\(decision.reason)")
        #expect(decision.findings.union.onlyChallenger == 30 && decision.findings.union.challengerMacroF1 == 1)
        #expect(decision.findings.labels.map(\.rows).sorted() == [40, 80])
    }

    @Test func aSingleLabelIsATie() {
        let rows = [[String]](repeating: ["a"], count: 50)
        let decision = decision(
            [HeldOutSet(kind: .hash, truth: rows, champion: rows, challenger: rows)], labels: ["a"])
        #expect(decision.verdict == .rejected && decision.reason.contains("only ties"))
    }

    @Test(.timeLimit(.minutes(5))) func manyLabelsAndRowsTakeBoundedTime() {
        let labels = (0..<10_000).map { "label \($0)" }
        let truth = (0..<100_000).map { [labels[$0 % 10_000]] }
        let champion = truth.enumerated().map { $0 % 10 == 0 ? [labels[($0 * 7 + 1) % 10_000]] : $1 }
        let challenger = truth.enumerated().map { $0 % 20 == 0 ? [labels[($0 * 3 + 1) % 10_000]] : $1 }
        let decision = decision(
            [HeldOutSet(kind: .hash, truth: truth, champion: champion, challenger: challenger)], labels: labels)
        #expect(decision.verdict == .promoted, "\(decision.reason)")
    }

    @Test func findingsSurviveTheJournal() throws {
        let truth = (0..<60).map { [$0 % 2 == 0 ? "a" : "b"] }
        let set = HeldOutSet(kind: .newest, truth: truth, champion: truth.reversed(), challenger: truth)
        let findings = decision([set], labels: ["a", "b"]).findings
        let data = try JSONEncoder().encode(findings)
        #expect(try JSONDecoder().decode(GateFindings.self, from: data) == findings)
        #expect(String(decoding: data, as: UTF8.self).contains("\"challenger_macro_f1\":1"))
    }
}
