import Testing

@testable import Training

struct PairedComparisonTests {
    private static func single(_ labels: [String]) -> [[String]] { labels.map { [$0] } }

    @Test func agreementCountsWhoWasRight() {
        let comparison = PairedComparison(
            truth: Self.single(["a", "a", "b", "b", "b"]), first: Self.single(["a", "b", "b", "a", "a"]),
            second: Self.single(["a", "a", "a", "b", "a"]))
        #expect(comparison.agreement == .init(both: 1, onlyFirst: 1, onlySecond: 2, neither: 1))
        #expect(abs(comparison.accuracyDifference - 0.2) < 1e-12)
    }

    @Test func theDifferenceIsThatOfTwoEvaluations() {
        let truth = (0..<60).map { ["a", "b", "c"][$0 % 3] }
        let first = (0..<60).map { $0 % 5 == 0 ? "a" : truth[$0] }
        let second = (0..<60).map { $0 % 7 == 0 ? "b" : truth[$0] }
        let labels = ["a", "b", "c"]
        let comparison = PairedComparison(
            truth: Self.single(truth), first: Self.single(first), second: Self.single(second))
        let expected =
            Evaluation(truth: truth, predicted: second, labels: labels).macroF1
            - Evaluation(truth: truth, predicted: first, labels: labels).macroF1
        #expect(abs(comparison.macroF1Difference - expected) < 1e-12)
        #expect(comparison.macroF1Interval.lower <= expected && expected <= comparison.macroF1Interval.upper)
    }

    @Test func theSameSeedGivesTheSameInterval() {
        let truth = Self.single((0..<80).map { $0 % 2 == 0 ? "a" : "b" })
        let first = Self.single((0..<80).map { $0 % 3 == 0 ? "a" : "b" })
        let second = Self.single((0..<80).map { $0 % 4 == 0 ? "a" : "b" })
        func interval(_ seed: UInt64) -> PairedComparison.Interval {
            PairedComparison(truth: truth, first: first, second: second, resamples: 200, seed: seed).macroF1Interval
        }
        #expect(interval(1) == interval(1))
        #expect(interval(1) != interval(2))
    }

    @Test func equalAnswersDifferInNothing() {
        let truth = Self.single((0..<30).map { $0 % 2 == 0 ? "a" : "b" })
        let answers = Self.single((0..<30).map { $0 % 3 == 0 ? "a" : "b" })
        let comparison = PairedComparison(truth: truth, first: answers, second: answers)
        #expect(comparison.exactP == 1 && comparison.midP == 1 && comparison.macroF1Difference == 0)
        #expect(comparison.macroF1Interval == .init(lower: 0, upper: 0) && comparison.secondIsBetter == 0.5)
    }

    @Test func aClearDifferenceIsFarFromChance() {
        let truth = Self.single((0..<200).map { $0 % 2 == 0 ? "a" : "b" })
        let first = Self.single((0..<200).map { $0 % 5 < 2 ? "a" : "b" })
        let comparison = PairedComparison(truth: truth, first: first, second: truth)
        #expect(comparison.midP < 1e-6 && comparison.macroF1Interval.lower > 0.1 && comparison.secondIsBetter == 1)
    }

    @Test func setsOfLabelsAreRightAsAWhole() {
        let comparison = PairedComparison(
            truth: [["a", "b"], [], ["c"]], first: [["b", "a"], ["a"], ["c"]], second: [["a"], [], ["c", "a"]],
            resamples: 50)
        #expect(comparison.agreement == .init(both: 0, onlyFirst: 2, onlySecond: 1, neither: 0))
    }

    @Test func noRowsAreNoDifference() {
        let comparison = PairedComparison(truth: [], first: [], second: [])
        #expect(comparison.exactP == 1 && comparison.accuracyDifference == 0 && comparison.resamples == 0)
    }
}
