import Glibc
import Kernels

/// The settings that a search tries: those given, and others drawn around them. The same seed draws the same ones.
struct SearchSpace {
    let given: TrainingSettings
    /// Whether rank and scaling may change; not when training starts from an adapter.
    let changesShape: Bool

    /// Settings that all differ, the given ones first; fewer than `count` if the space has no more.
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
        // The rate matters most, so it is drawn from a range instead of a few values.
        for parameter in [Hyperparameter.rate, .dropout, .warmup, .schedule, .loraPlusRatio] {
            Self.draw(parameter, into: &drawn, &random)
        }
        // A faster B needs a slower A.
        if drawn.loraPlusRatio > 1 {
            drawn.learningRate = Self.rounded(drawn.learningRate / drawn.loraPlusRatio.squareRoot())
        }
        Self.draw(.rank, into: &drawn, &random)
        if changesShape {
            // Alpha follows the rank, so that the scaling stays.
            let growth = Float(drawn.rank) / Float(given.rank)
            drawn.alpha = given.alpha * (given.usesRSLoRA ? growth.squareRoot() : growth)
        } else {
            drawn.rank = given.rank
        }
        return drawn
    }

    private static func draw(
        _ parameter: Hyperparameter, into settings: inout TrainingSettings, _ random: inout SplitMix64
    ) {
        switch (parameter.search, parameter.value) {
        case (.values(let values), .number(let path)): settings[keyPath: path] = Float(pick(values, &random))
        case (.values(let values), .integer(let path)): settings[keyPath: path] = Int(pick(values, &random))
        case (.names(let names), .choice(let choice)): choice.set(pick(names, &random), in: &settings)
        case (.factor(let factors), .number(let path)):
            let share = Double(random.next() >> 11) * 0x1p-53
            let (low, high) = (log2(factors.lowerBound), log2(factors.upperBound))
            settings[keyPath: path] = rounded(settings[keyPath: path] * Float(exp2(low + share * (high - low))))
        default: assertionFailure("\(parameter.key) declares nothing to search that fits its type")
        }
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
