import Foundation
import Kernels
import Testing

@testable import Training

struct McNemarTestTests {
    /// Exact values of the sign test: 2 · P(X ≤ k), X binomial with one half.
    @Test(arguments: [(1, 1, 1.0), (0, 5, 0.0625), (1, 5, 0.21875), (10, 2, 0.03857421875), (0, 0, 1.0), (0, 1, 1.0)])
    func exactProbabilitiesAreThoseOfTheBinomial(first: Int, second: Int, expected: Double) {
        #expect(abs(McNemarTest(onlyFirst: first, onlySecond: second).exact - expected) < 1e-9)
    }

    @Test func midPTakesHalfOfWhatWasObserved() {
        func mid(_ first: Int, _ second: Int) -> Double { McNemarTest(onlyFirst: first, onlySecond: second).mid }
        // 1 of 6: P(0) = 1/64, P(1) = 6/64; exact 2·7/64, mid-p 2·(1/64 + 3/64).
        #expect(abs(mid(1, 5) - 0.125) < 1e-9)
        // 3 of 6: P(3) = 20/64, and 1 - 10/64 (Fagerland et al. 2013).
        #expect(abs(mid(3, 3) - 0.84375) < 1e-9 && mid(0, 0) == 1)
        let large = McNemarTest(onlyFirst: 40_000, onlySecond: 41_000)
        #expect(large.exact > 0.0001 && large.exact < 0.001 && large.mid < large.exact)
    }

    @Test func oneSidedProbabilitiesAddUpToOne() {
        for (first, second) in [(1, 5), (3, 3), (0, 4), (200, 150)] {
            let test = McNemarTest(onlyFirst: first, onlySecond: second)
            #expect(abs(test.secondIsBetterP + test.firstIsBetterP - 1) < 1e-9)
        }
        #expect(abs(McNemarTest(onlyFirst: 1, onlySecond: 5).secondIsBetterP - 0.0625) < 1e-9)
        #expect(abs(McNemarTest(onlyFirst: 0, onlySecond: 4).secondIsBetterP - 0.03125) < 1e-9)
        #expect(McNemarTest(onlyFirst: 0, onlySecond: 0).secondIsBetterP == 1)
        #expect(McNemarTest(onlyFirst: 0, onlySecond: 100_000).secondIsBetterP == 0)
    }
}

struct PairedProportionsTests {
    @Test func boundsOfNoDiscordantRowFollowTheScore() {
        // Without a discordant row the bound is z²/(n + z²).
        let squared = 1.959963985 * 1.959963985
        let bound = PairedProportions(rows: 200, onlyFirst: 0, onlySecond: 0).lowerBound(level: 0.025)
        #expect(abs(bound + squared / (200 + squared)) < 1e-6)
    }

    @Test func boundsAreMirrored() {
        let proportions = PairedProportions(rows: 100, onlyFirst: 3, onlySecond: 9)
        let mirrored = PairedProportions(rows: 100, onlyFirst: 9, onlySecond: 3)
        #expect(abs(proportions.lowerBound(level: 0.05) + mirrored.upperBound(level: 0.05)) < 1e-12)
        #expect(proportions.lowerBound(level: 0.05) < 0.06 && proportions.upperBound(level: 0.05) > 0.06)
        #expect(proportions.lowerBound(level: 0.01) < proportions.lowerBound(level: 0.05))
    }

    @Test func noRowsSayNothing() {
        let none = PairedProportions(rows: 0, onlyFirst: 0, onlySecond: 0)
        #expect(none.lowerBound(level: 0.05) == -1 && none.upperBound(level: 0.05) == 1 && none.difference == 0)
    }

    /// Of 4,000 draws with a known difference, about 95 % have their lower bound below it.
    @Test(arguments: [(100, 0.05, 0.05), (200, 0.03, 0.05), (400, 0.02, 0.01)])
    func theLowerBoundCoversTheTruth(rows: Int, losses: Double, wins: Double) {
        var random = SplitMix64(seed: 1998)
        var covered = 0
        for _ in 0..<4_000 {
            var (lost, won) = (0, 0)
            for _ in 0..<rows {
                let draw = random.fraction()
                if draw < losses { lost += 1 } else if draw < losses + wins { won += 1 }
            }
            let drawn = PairedProportions(rows: rows, onlyFirst: lost, onlySecond: won)
            if drawn.lowerBound(level: 0.05) <= wins - losses { covered += 1 }
        }
        #expect((0.935...0.975).contains(Double(covered) / 4_000), "\(covered) of 4000, seed 1998")
    }
}

struct NormalDistributionTests {
    @Test func quantilesAreThoseOfTheTables() {
        #expect(abs(NormalDistribution.quantile(upperTail: 0.025) - 1.959964) < 1e-5)
        #expect(abs(NormalDistribution.quantile(upperTail: 0.5)) < 1e-9)
        #expect(abs(NormalDistribution.upperTail(1.644854) - 0.05) < 1e-6)
        #expect(NormalDistribution.quantile(upperTail: 0) > 37 && NormalDistribution.quantile(upperTail: 1) < -37)
    }
}

struct PairedCellsTests {
    private let labels = ["a", "b", "c"]

    /// Rows of three labels, of which the first errs on a fifth and the second on a seventh.
    private func rows(_ count: Int) -> (truth: [[String]], first: [[String]], second: [[String]]) {
        let truth = (0..<count).map { [labels[$0 % 3]] }
        return (
            truth, truth.enumerated().map { $0 % 5 == 0 ? ["a"] : $1 },
            truth.enumerated().map { $0 % 7 == 0 ? ["b"] : $1 }
        )
    }

    @Test func labelsAreFoundByWhoPredictsThem() {
        let cells = PairedCells(
            truth: [["a"], ["a", "b"], ["b"], []], first: [["a"], ["a"], ["a"], ["c"]],
            second: [["b"], ["b", "a"], ["b"], []])
        let (a, b) = (cells.labelAgreement[0], cells.labelAgreement[1])
        #expect(cells.labelAgreement.map(\.label) == ["a", "b"] && cells.rows == 4)
        #expect(
            a
                == .init(
                    label: "a", rows: 2, foundByFirst: 2, foundBySecond: 1, onlyFirst: 1, onlySecond: 0,
                    givenBySecond: 1))
        #expect(
            b
                == .init(
                    label: "b", rows: 2, foundByFirst: 0, foundBySecond: 2, onlyFirst: 0, onlySecond: 2,
                    givenBySecond: 3))
        #expect(cells.agreement == .init(both: 0, onlyFirst: 1, onlySecond: 3, neither: 0))
    }

    /// A Poisson bootstrap of cells has the standard error of one that draws rows.
    @Test func theBootstrapOfCellsIsThatOfRows() {
        let (truth, first, second) = rows(300)
        let error = PairedMacroF1(PairedCells(truth: truth, first: first, second: second)).standardError
        var random = SplitMix64(seed: 5)
        let differences = (0..<2_000).map { _ in
            let sample = truth.map { _ in random.below(300) }
            let macroF1 = PairedCells(
                truth: sample.map { truth[$0] }, first: sample.map { first[$0] }, second: sample.map { second[$0] }
            ).macroF1
            return macroF1.second - macroF1.first
        }
        let mean = differences.reduce(0, +) / 2_000
        let expected = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1_999).squareRoot()
        #expect(abs(error / expected - 1) < 0.12, "\(error) against \(expected), seed 5")
    }

    @Test func equalPredictionsHaveNoError() {
        let (truth, first, _) = rows(60)
        let macroF1 = PairedMacroF1(PairedCells(truth: truth, first: first, second: first))
        #expect(macroF1.difference == 0 && macroF1.standardError == 0 && macroF1.secondIsBetterP == 0.5)
        #expect(macroF1.lowerBound(level: 0.001) == 0)
        let none = PairedMacroF1(PairedCells(truth: [], first: [], second: []))
        #expect(none.difference == 0 && none.secondIsBetterP == 0.5)
    }

    @Test func aBetterSecondHasASmallP() {
        let (truth, first, second) = rows(2_100)
        let better = PairedMacroF1(PairedCells(truth: truth, first: first, second: second))
        let worse = PairedMacroF1(PairedCells(truth: truth, first: second, second: first))
        #expect(better.secondIsBetterP < 0.001 && better.lowerBound(level: 0.025) > 0)
        #expect(abs(better.secondIsBetterP + worse.secondIsBetterP - 1) < 0.001)
    }
}
