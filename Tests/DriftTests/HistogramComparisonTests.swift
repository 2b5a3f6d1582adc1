import TestSupport
import Testing

@testable import Drift

struct HistogramComparisonTests {
    /// Counts of independent texts by the cumulative shares of the bins.
    private func sample(_ count: Int, shares: [Double], _ random: inout TestRandom) -> [Int] {
        var result = [Int](repeating: 0, count: shares.count)
        for _ in 0..<count {
            var rest = Double.random(in: 0..<1, using: &random)
            let bin = shares.firstIndex { share in
                rest -= share
                return rest < 0
            }
            result[bin ?? shares.count - 1] += 1
        }
        return result
    }

    @Test(arguments: [300, 2_000]) func theSignificanceOfEqualSamplesIsNormal(reference: Int) {
        var random = TestRandom(seed: 11)
        let shares = (1...20).map { Double($0) / 210 }
        var (beyondTwo, sum, indices) = (0, 0.0, 0.0)
        let trials = 1_000
        for _ in 0..<trials {
            let comparison = HistogramComparison(
                reference: sample(reference, shares: shares, &random), window: sample(500, shares: shares, &random),
                isOrdered: true)
            sum += comparison.significance
            indices += comparison.stabilityIndex
            if comparison.significance > 2 { beyondTwo += 1 }
        }
        // 2.3 % of a normal distribution are beyond two standard deviations.
        #expect((10...40).contains(beyondTwo), "seed 11: \(beyondTwo) of \(trials)")
        #expect(abs(sum / Double(trials)) < 0.15, "seed 11")
        #expect(indices / Double(trials) < 0.03, "seed 11")
    }

    @Test func theIndexOfLargeSamplesIsTheTextbookValue() {
        let comparison = HistogramComparison(
            reference: [250_000, 250_000, 250_000, 250_000], window: [550_000, 150_000, 150_000, 150_000],
            isOrdered: false)
        // 0.3·ln 2.2 + 3·0.1·ln(1/0.6)
        #expect(abs(comparison.stabilityIndex - 0.38978) < 1e-3)
        #expect(comparison.significance > 50)
    }

    @Test func rareBinsArePooled() {
        // Each of 1,000 labels has one text in one of the two samples: chance, not a difference.
        let reference = (0..<1_000).map { $0 % 2 }
        let window = (0..<1_000).map { 1 - $0 % 2 }
        let comparison = HistogramComparison(reference: reference, window: window, isOrdered: true)
        #expect(comparison.stabilityIndex < 0.05)
        #expect(comparison.significance < 2)
    }

    @Test(
        arguments: [([], []), ([0, 0], [0, 0]), ([5, 5], [0, 0]), ([0, 0], [5, 5]), ([9], [500])] as [([Int], [Int])])
    func nothingToCompareIsNoDifference(reference: [Int], window: [Int]) {
        let comparison = HistogramComparison(reference: reference, window: window, isOrdered: true)
        #expect(comparison.stabilityIndex == 0 && comparison.significance == 0)
    }
}
