import Foundation
import TestSupport
import Testing

@testable import Training

struct PrecisionFiguresTests {
    private func labels(_ letters: String) -> [[String]] { letters.map { [String($0)] } }

    @Test func labelsAndAccuraciesAreCounted() throws {
        var limits = PrecisionLimits()
        limits.minimumTexts = 5
        let figures = PrecisionFigures(
            truth: labels("aabbc"), float32: labels("aabbb"), reduced: labels("abbbc"), limits: limits)
        #expect(figures.texts == 5 && figures.labelsChanged == 2 && figures.changedShare == 0.4)
        #expect(figures.accuracy?.float32 == 0.8 && figures.accuracy?.reduced == 0.8 && figures.accuracy?.lost == 0)
        #expect(!figures.isWithinLimits, "two of five labels change")
        #expect(figures.sentence.hasPrefix("2 of 5 labels change (40.0 %), accuracy stays 80.0 %"))
        let back = try JSONDecoder().decode(PrecisionFigures.self, from: JSONEncoder().encode(figures))
        #expect(back == figures)
    }

    @Test func setsChangeRegardlessOfTheirOrder() {
        let figures = PrecisionFigures(
            truth: nil, float32: [["a", "b"], ["a"], []], reduced: [["b", "a"], ["a", "b"], []])
        #expect(figures.labelsChanged == 1 && figures.accuracy == nil)
    }

    @Test func fewTextsGiveNoVerdictAndOneChangeOfSixtyIsChance() {
        let (before, after) = (String(repeating: "a", count: 60), "b" + String(repeating: "a", count: 59))
        let chance = PrecisionFigures(truth: labels(before), float32: labels(before), reduced: labels(after))
        #expect(chance.verdict == .ok && !chance.isWithinLimits)
        let few = PrecisionFigures(truth: nil, float32: labels("aaaa"), reduced: labels("bbbb"))
        #expect(few.verdict == .tooFewTexts && few.sentence.contains("too few texts"))
        #expect(PrecisionFigures(truth: nil, float32: [], reduced: []).verdict == .tooFewTexts)
    }

    @Test func changedLabelsFailWithoutALossOfAccuracyAndALossFailsWithFewChanges() {
        let (a, b) = (String(repeating: "a", count: 1_000), String(repeating: "b", count: 40))
        // Wrong before and after, with other labels.
        let changed = PrecisionFigures(
            truth: labels(String(repeating: "z", count: 1_000)), float32: labels(a),
            reduced: labels(b + a.dropLast(40)))
        #expect(changed.accuracy?.lost == 0 && changed.verdict == .tooLossy)
        var limits = PrecisionLimits()
        limits.labelsChanged = 1
        let lost = PrecisionFigures(
            truth: labels(a), float32: labels(a), reduced: labels(b + a.dropLast(40)), limits: limits)
        #expect(lost.verdict == .tooLossy && lost.sentence.contains("falls from 100.0 % to 96.0 %"))
        #expect(lost.sentence.contains("chance does not explain that"))
    }

    /// Share of simulated sets that are too lossy: `loses` of the texts become wrong, `gains` right, `moves` change
    /// from one wrong label to another.
    private func failures(
        texts: Int, loses: Double, gains: Double, moves: Double, seed: UInt64, limits: PrecisionLimits
    ) -> Double {
        var random = TestRandom(seed: seed)
        let runs = 400
        var failed = 0
        for _ in 0..<runs {
            var (before, after): ([[String]], [[String]]) = ([], [])
            for _ in 0..<texts {
                let draw = Double.random(in: 0..<1, using: &random)
                let pair =
                    draw < loses
                    ? ("t", "f")
                    : draw < loses + gains ? ("f", "t") : draw < loses + gains + moves ? ("f", "g") : ("t", "t")
                before.append([pair.0])
                after.append([pair.1])
            }
            let truth = [[String]](repeating: ["t"], count: texts)
            let figures = PrecisionFigures(truth: truth, float32: before, reduced: after, limits: limits)
            if figures.verdict == .tooLossy { failed += 1 }
        }
        return Double(failed) / Double(runs)
    }

    @Test(arguments: [60, 200, 1_000]) func aBaseAtTheLimitsRarelyFailsByChance(texts: Int) {
        let seed: UInt64 = 17
        var (accuracy, changes) = (PrecisionLimits(), PrecisionLimits())
        (accuracy.labelsChanged, changes.accuracyLost) = (1, 1)
        for limits in [accuracy, changes] {
            let share = failures(texts: texts, loses: 0.0065, gains: 0.0015, moves: 0.007, seed: seed, limits: limits)
            #expect(share < 0.08, "\(share) of the sets of \(texts) texts fail, seed \(seed)")
        }
    }

    @Test func aLossOfFivePointsIsFound() {
        let seed: UInt64 = 18
        let share = failures(texts: 500, loses: 0.06, gains: 0.01, moves: 0, seed: seed, limits: PrecisionLimits())
        #expect(share > 0.97, "\(share), seed \(seed)")
    }
}
