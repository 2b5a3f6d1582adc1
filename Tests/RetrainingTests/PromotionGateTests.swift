import Testing
import Training

@testable import Retraining

struct PromotionGateTests {
    /// An evaluation in which so many of twenty answers are right; both labels occur ten times.
    private func evaluation(right: Int) -> Evaluation {
        let truth = (0..<20).map { $0 % 2 == 0 ? "a" : "b" }
        let predicted = truth.enumerated().map { $0 < right ? $1 : $1 == "a" ? "b" : "a" }
        return Evaluation(truth: truth, predicted: predicted, labels: ["a", "b"])
    }

    private func promotes(
        _ right: Int, champion: Int, gain: Double = 0, sameLabels: Bool = true
    ) -> PromotionGate.Decision {
        PromotionGate(minimumGain: gain).decision(
            challenger: evaluation(right: right),
            against: .champion(evaluation(right: champion), hasSameLabels: sameLabels), rows: summary(20),
            labels: ["a", "b"])
    }

    private func summary(_ heldOut: Int) -> RowSummary {
        var summary = RowSummary()
        (summary.heldOut, summary.read) = (heldOut, 5 * heldOut)
        return summary
    }

    @Test func theBetterChallengerTakesOver() {
        let decision = promotes(18, champion: 16)
        #expect(decision.promotes)
        #expect(
            decision.reason
                == "challenger takes over: macro-F1 0.9000 against the champion's 0.8000 on 20 held-out rows")
    }

    @Test func theWorseChallengerIsRejected() {
        #expect(!promotes(16, champion: 18).promotes)
        #expect(!promotes(16, champion: 18, sameLabels: false).promotes)
    }

    @Test func aTieIsRejectedUnlessTheLabelsChanged() {
        #expect(!promotes(16, champion: 16).promotes)
        #expect(promotes(16, champion: 16).reason.contains("only ties"))
        #expect(promotes(16, champion: 16, sameLabels: false).promotes)
    }

    @Test func theMinimumGainIsAsked() {
        #expect(!promotes(17, champion: 16, gain: 0.1).promotes)
        #expect(promotes(18, champion: 16, gain: 0.1).promotes)
        #expect(promotes(16, champion: 18, gain: -0.2).promotes)
    }

    /// A challenger whose figures are far better than the champion's.
    private func decision(labels: [String], _ change: (inout RowSummary) -> Void = { _ in }) -> PromotionGate.Decision {
        var rows = summary(20)
        change(&rows)
        return PromotionGate().decision(
            challenger: evaluation(right: 20), against: .champion(evaluation(right: 10), hasSameLabels: true),
            rows: rows,
            labels: labels)
    }

    @Test func aLabelWithoutAHeldOutRowIsNotForgotten() {
        #expect(decision(labels: ["a", "b"]).promotes)
        let unseen = decision(labels: ["a", "b", "c"])
        #expect(!unseen.promotes)
        #expect(
            unseen.reason == "challenger cannot be judged: 1 of the champion's 3 labels has no held-out row (\"c\")")
        #expect(
            decision(labels: ["c", "a", "d"]).reason.contains(
                "2 of the champion's 3 labels have no held-out row (\"c\", \"d\")"))
    }

    @Test func moreThanTwoPercentUnusableRowsAreRefused() {
        #expect(decision(labels: ["a", "b"]) { ($0.read, $0.withUnknownLabels) = (100, 2) }.promotes)
        #expect(!decision(labels: ["a", "b"]) { ($0.read, $0.withUnknownLabels) = (100, 3) }.promotes)
        #expect(!decision(labels: ["a", "b"]) { ($0.read, $0.empty) = (100, 3) }.promotes)
        #expect(!decision(labels: ["a", "b"]) { ($0.read, $0.otherKind) = (100, 3) }.promotes)
        #expect(decision(labels: ["a", "b"]) { ($0.read, $0.withRetiredLabels) = (100, 50) }.promotes)
        let refused = decision(labels: []) { ($0.read, $0.withUnknownLabels) = (360, 120) }
        #expect(refused.reason == "challenger cannot be judged: 33.3 % of the rows are unusable, at most 2.0 % may be")
    }

    @Test func theFirstAdapterMustBeatTheMostFrequentLabel() {
        func decision(_ right: Int) -> PromotionGate.Decision {
            PromotionGate().decision(
                challenger: evaluation(right: right), against: .mostFrequentLabel(evaluation(right: 10), isFirst: true),
                rows: summary(20),
                labels: [])
        }
        #expect(decision(15).promotes)
        #expect(!decision(10).promotes)
        #expect(decision(10).reason.contains("learned nothing"))
    }
}
