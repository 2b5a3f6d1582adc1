import Glibc

/// The logits of a text, pooled from those of its windows: the one place where windows become an answer.
///
/// They are logits like those of a short text: softmax, or sigmoid for sets of labels, gives the pooled probabilities.
/// Temperature, thresholds and everything else that follows therefore work on long texts as on short ones. Those of one
/// window are its own, bit for bit.
public struct PooledLogits: Sendable, Equatable {
    /// One per label.
    public let logits: [Float]
    /// The window that gives the best label its highest probability; of equal ones the first.
    public let loudest: Int

    /// - Parameters:
    ///   - windows: the logits of each window, at least one.
    ///   - tokens: the tokens of each window.
    public init(_ windows: [[Float]], tokens: [Int], pool: LongTexts.Pool, isMultiLabel: Bool) {
        let faulty = windows.first { !$0.allSatisfy(\.isFinite) }
        guard windows.count > 1, pool != .first, faulty == nil else {
            (logits, loudest) = (faulty ?? windows.first ?? [], 0)
            return
        }
        let chances = Self.chances(windows, isMultiLabel: isMultiLabel)
        let weights = Self.weights(tokens)
        let pooled = chances[0].indices.map { label -> Double in
            let column = chances.map { $0[label] }
            switch pool {
            case .max, .first:
                let best = column.max { $0.holds < $1.holds } ?? column[0]
                return isMultiLabel ? best.holds - best.fails : best.holds
            case .mean:
                let holds = Self.logOfSum(zip(column, weights).map { $0.holds + $1 })
                return isMultiLabel ? holds - Self.logOfSum(zip(column, weights).map { $0.fails + $1 }) : holds
            }
        }
        logits = pooled.map { Float($0) }
        let best = pooled.indices.max { pooled[$0] < pooled[$1] } ?? 0
        var loudest = 0
        for window in chances.indices where chances[window][best].holds > chances[loudest][best].holds {
            loudest = window
        }
        self.loudest = loudest
    }

    /// The logarithms of the probabilities that a label holds, and that it does not.
    struct Chance {
        var holds: Double
        /// Only for sets of labels.
        var fails = 0.0
    }

    /// [windows, labels].
    static func chances(_ windows: [[Float]], isMultiLabel: Bool) -> [[Chance]] {
        windows.map { isMultiLabel ? sigmoids($0) : softmax($0) }
    }

    /// The logarithm of each window's share of the mean.
    static func weights(_ tokens: [Int]) -> [Double] {
        let sum = Double(tokens.reduce(0, +))
        return tokens.map { log(Double($0) / sum) }
    }

    private static func softmax(_ logits: [Float]) -> [Chance] {
        let sum = logOfSum(logits.map(Double.init))
        return logits.map { Chance(holds: Double($0) - sum) }
    }

    private static func sigmoids(_ logits: [Float]) -> [Chance] {
        logits.map { logit in
            let rest = log1p(exp(-Double(abs(logit))))
            return Chance(holds: min(Double(logit), 0) - rest, fails: min(-Double(logit), 0) - rest)
        }
    }

    static func logOfSum(_ logarithms: [Double]) -> Double {
        let highest = logarithms.max() ?? 0
        return highest + log(logarithms.reduce(0) { $0 + exp($1 - highest) })
    }
}
