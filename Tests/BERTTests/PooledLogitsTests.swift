import Foundation
import TestSupport
import Testing

@testable import BERT

/// Pooled logits against probabilities that are pooled one by one.
struct PooledLogitsTests {
    private static func random(_ random: inout TestRandom, windows: Int, labels: Int) -> ([[Float]], [Int]) {
        (
            (0..<windows).map { _ in (0..<labels).map { _ in Float.random(in: -6...6, using: &random) } },
            (0..<windows).map { _ in Int.random(in: 3...256, using: &random) }
        )
    }

    private static func shares(_ logits: [Float]) -> [Double] {
        let powers = logits.map { exp(Double($0)) }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    private static func sigmoids(_ logits: [Float]) -> [Double] { logits.map { 1 / (1 + exp(-Double($0))) } }

    @Test func probabilitiesArePooled() {
        for seed in UInt64(0)..<100 {
            var random = TestRandom(seed: seed)
            let (windows, tokens) = Self.random(&random, windows: 2 + Int(seed % 6), labels: 2 + Int(seed % 4))
            for isMultiLabel in [false, true] {
                let chances = windows.map(isMultiLabel ? Self.sigmoids : Self.shares)
                let sum = Double(tokens.reduce(0, +))
                let mean = chances[0].indices.map { label in
                    zip(chances, tokens).reduce(0) { $0 + $1.0[label] * Double($1.1) } / sum
                }
                var best = chances[0].indices.map { label in chances.map { $0[label] }.max() ?? 0 }
                if !isMultiLabel { best = best.map { $0 / best.reduce(0, +) } }
                for (pool, expected) in [(LongTexts.Pool.mean, mean), (.max, best)] {
                    let pooled = PooledLogits(windows, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel)
                    let found = isMultiLabel ? Self.sigmoids(pooled.logits) : Self.shares(pooled.logits)
                    for (one, other) in zip(found, expected) { #expect(abs(one - other) < 1e-5, "seed \(seed)") }
                    let label = expected.indices.max { expected[$0] < expected[$1] } ?? 0
                    let loudest = chances.indices.max { chances[$0][label] < chances[$1][label] }
                    #expect(pooled.loudest == loudest, "seed \(seed)")
                }
            }
        }
    }

    /// The gradient of a random linear loss of the pooled logits, between the differences to both sides: where two
    /// windows are about equal, these are two.
    @Test(arguments: LongTexts.Pool.allCases) func gradientsAreThoseOfDifferences(pool: LongTexts.Pool) {
        for seed in UInt64(0)..<40 {
            var random = TestRandom(seed: seed)
            let (windows, tokens) = Self.random(&random, windows: 1 + Int(seed % 5), labels: 2 + Int(seed % 4))
            let slopes = windows[0].map { _ in Float.random(in: -1...1, using: &random) }
            for isMultiLabel in [false, true] {
                func pooled(_ windows: [[Float]]) -> [Float] {
                    PooledLogits(windows, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel).logits
                }
                let found = PooledLogits.gradient(
                    windows, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel, pooled: slopes)
                for window in windows.indices {
                    for label in slopes.indices {
                        func loss(_ step: Float) -> Double {
                            var moved = windows
                            moved[window][label] += step
                            return zip(pooled(moved), slopes).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                        }
                        let slope = Double(found[window][label])
                        let sides = [(loss(1 / 64) - loss(0)) * 64, (loss(0) - loss(-1 / 64)) * 64].sorted()
                        #expect(slope > sides[0] - 0.01 && slope < sides[1] + 0.01, "seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func windowsThatAreNotFiniteHaveNoGradient() {
        let gradient = PooledLogits.gradient(
            [[.nan, 1], [0, 1]], tokens: [4, 4], pool: .max, isMultiLabel: false, pooled: [1, -1])
        #expect(gradient == [[0, 0], [0, 0]])
    }

    @Test func oneWindowKeepsItsBits() {
        let logits: [Float] = [0.1, -3.7, 1e-9]
        for pool in LongTexts.Pool.allCases {
            let pooled = PooledLogits([logits], tokens: [9], pool: pool, isMultiLabel: false)
            #expect(pooled.logits == logits && pooled.loudest == 0)
        }
    }

    @Test func theFirstIsTheFirstWindow() {
        let pooled = PooledLogits([[1, 0], [0, 9]], tokens: [4, 4], pool: .first, isMultiLabel: false)
        #expect(pooled.logits == [1, 0] && pooled.loudest == 0)
    }

    @Test func aNeedleIsFoundByMaxAndDrownsInTheMean() {
        let hay = [[Float]](repeating: [0.5, 0, 0], count: 20)
        let windows = hay + [[-4, 4, -4]]
        func best(_ pool: LongTexts.Pool) -> Int {
            let pooled = PooledLogits(
                windows, tokens: Array(repeating: 9, count: 21), pool: pool, isMultiLabel: false)
            return pooled.logits.indices.max { pooled.logits[$0] < pooled.logits[$1] } ?? -1
        }
        #expect(best(.max) == 1 && best(.mean) == 0)
    }

    @Test(arguments: [Float](arrayLiteral: 90, 900, 1e30, -1e30)) func extremesStayFinite(logit: Float) {
        for pool in LongTexts.Pool.allCases {
            for isMultiLabel in [false, true] {
                let pooled = PooledLogits(
                    [[logit, 0], [-logit, 1]], tokens: [5, 5], pool: pool, isMultiLabel: isMultiLabel)
                #expect(pooled.logits.allSatisfy { $0.isFinite }, "\(pool) \(isMultiLabel): \(pooled.logits)")
            }
        }
    }

    @Test func whatIsNotANumberIsNotHidden() {
        let pooled = PooledLogits([[1, 0], [.nan, 9]], tokens: [4, 4], pool: .max, isMultiLabel: false)
        #expect(pooled.logits.contains { $0.isNaN })
    }
}
