import Glibc

extension PooledLogits {
    /// The gradient of a loss by the logits of each window, [windows, labels], from that by the pooled logits.
    ///
    /// A window that is nobody's best under ``LongTexts/Pool/max`` has a gradient of zeros. So has every window if one
    /// of them has logits that are not finite: the pooled ones are not finite either, and the loss says so.
    ///
    /// - Parameters:
    ///   - windows: the logits of each window, at least one.
    ///   - tokens: the tokens of each window.
    ///   - pooled: the gradient by the pooled logits, one per label.
    static func gradient(
        _ windows: [[Float]], tokens: [Int], pool: LongTexts.Pool, isMultiLabel: Bool, pooled: [Float]
    ) -> [[Float]] {
        let zeros = [[Float]](repeating: [Float](repeating: 0, count: pooled.count), count: windows.count)
        guard windows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return zeros }
        guard windows.count > 1, pool != .first else { return [pooled] + zeros.dropFirst() }
        let chances = chances(windows, isMultiLabel: isMultiLabel)
        let shares = shares(chances, weights(tokens), pool, isMultiLabel: isMultiLabel)
        return zip(chances, shares).map { chances, shares in
            // By the logarithm of the window's probability, or by its logit where labels are independent.
            let own = zip(shares, pooled).map { $0 * Double($1) }
            guard !isMultiLabel else { return own.map { Float($0) } }
            let sum = own.reduce(0, +)
            return zip(own, chances).map { Float($0 - sum * exp($1.holds)) }
        }
    }

    /// How much each pooled logit follows that of each window, [windows, labels].
    private static func shares(
        _ chances: [[Chance]], _ weights: [Double], _ pool: LongTexts.Pool, isMultiLabel: Bool
    ) -> [[Double]] {
        var shares = chances.map { $0.map { _ in 0.0 } }
        for label in chances[0].indices {
            let column = chances.map { $0[label] }
            switch pool {
            case .max, .first:
                shares[column.indices.max { column[$0].holds < column[$1].holds } ?? 0][label] = 1
            case .mean:
                let holds = logOfSum(zip(column, weights).map { $0.holds + $1 })
                let fails = isMultiLabel ? logOfSum(zip(column, weights).map { $0.fails + $1 }) : 0
                for (window, chance) in column.enumerated() {
                    // Of independent labels, the slope of a sigmoid over that of the pooled probability.
                    shares[window][label] = exp(weights[window] + chance.holds - holds + chance.fails - fails)
                }
            }
        }
        return shares
    }
}
