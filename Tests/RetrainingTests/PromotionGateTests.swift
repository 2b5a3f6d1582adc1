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
        _ right: Int, champion: Int, gain: Double = 0, sameLabels: Bool = true, rows: Int = 20
    ) -> PromotionGate.Decision {
        PromotionGate(minimumGain: gain).decision(
            challenger: evaluation(right: right),
            against: .champion(evaluation(right: champion), hasSameLabels: sameLabels), rows: rows)
    }

    @Test func theBetterChallengerTakesOver() {
        let decision = promotes(18, champion: 16)
        #expect(decision.promotes)
        #expect(decision.reason == "challenger takes over: macro-F1 0.9000 against the champion's 0.8000 on 20 held-out rows")
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

    @Test func tooFewHeldOutRowsProveNothing() {
        let decision = promotes(18, champion: 10, rows: 19)
        #expect(!decision.promotes)
        #expect(decision.reason == "19 held-out rows are too few to judge, 20 are wanted")
    }

    @Test func theFirstAdapterMustBeatTheMostFrequentLabel() {
        func decision(_ right: Int) -> PromotionGate.Decision {
            PromotionGate().decision(
                challenger: evaluation(right: right), against: .mostFrequentLabel(evaluation(right: 10)), rows: 20)
        }
        #expect(decision(15).promotes)
        #expect(!decision(10).promotes)
        #expect(decision(10).reason.contains("learned nothing"))
    }
}
