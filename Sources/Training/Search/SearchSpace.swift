import Foundation
import Kernels

/// Settings that are worth a try around those given: the same seed draws the same ones.
struct SearchSpace {
    let given: TrainingSettings
    /// Whether rank and scaling are free: not where an adapter is gone on with.
    let changesShape: Bool

    private static let ranks = [4, 8, 16, 32]
    private static let dropouts: [Float] = [0, 0.05, 0.1, 0.2]
    private static let warmups: [Float] = [0, 0.06, 0.1]
    private static let ratios: [Float] = [1, 1, 4, 16]

    /// So many settings, all different; the given ones first. Fewer where there are not so many.
    func settings(_ count: Int) -> [TrainingSettings] {
        var random = SplitMix64(seed: given.seed, stream: 0x5EA4_C4ED)
        var found = [given]
        var attempts = 0
        while found.count < count, attempts < 100 * count {
            attempts += 1
            let drawn = draw(&random)
            if !found.contains(drawn) { found.append(drawn) }
        }
        return found
    }

    private func draw(_ random: inout SplitMix64) -> TrainingSettings {
        var drawn = given
        // A quarter to four times the given rate, evenly in the logarithm: it is what matters most.
        let exponent = 4 * Double(random.next() >> 11) * 0x1p-53 - 2
        drawn.learningRate = Self.rounded(given.learningRate * Float(exp2(exponent)))
        drawn.dropout = Self.pick(Self.dropouts, &random)
        drawn.warmup = Self.pick(Self.warmups, &random)
        drawn.schedule = Self.pick([.linear, .linear, .cosine], &random)
        drawn.loraPlusRatio = Self.pick(Self.ratios, &random)
        // Faster B wants a slower A.
        if drawn.loraPlusRatio > 1 {
            drawn.learningRate = Self.rounded(drawn.learningRate / drawn.loraPlusRatio.squareRoot())
        }
        let rank = Self.pick(Self.ranks, &random)
        if changesShape {
            // What the pair is scaled by stays.
            let growth = Float(rank) / Float(given.rank)
            drawn.alpha = given.alpha * (given.usesRSLoRA ? growth.squareRoot() : growth)
            drawn.rank = rank
        }
        return drawn
    }

    private static func pick<Value>(_ values: [Value], _ random: inout SplitMix64) -> Value {
        values[random.below(values.count)]
    }

    /// To two digits, as a person would write it.
    private static func rounded(_ rate: Float) -> Float {
        let power = pow(10, Double(rate).magnitude.isZero ? 0 : (log10(Double(rate))).rounded(.down) - 1)
        return Float((Double(rate) / power).rounded() * power)
    }
}
