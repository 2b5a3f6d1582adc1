import Glibc

/// McNemar's test (1947): a sign test on the rows that only one of two adapters predicts correctly.
public struct McNemarTest: Sendable, Equatable {
    /// Rows that only the first predicts correctly.
    public let onlyFirst: Int
    /// Rows that only the second predicts correctly.
    public let onlySecond: Int

    /// A test on these numbers of rows.
    public init(onlyFirst: Int, onlySecond: Int) { (self.onlyFirst, self.onlySecond) = (onlyFirst, onlySecond) }

    /// Two-sided p-value of the exact test.
    public var exact: Double { onlyFirst == onlySecond ? 1 : min(1, 2 * tail(max(onlyFirst, onlySecond)).all) }

    /// Two-sided mid-p, which is less conservative (Fagerland et al. 2013).
    public var mid: Double {
        guard onlyFirst + onlySecond > 0 else { return 1 }
        // With equal counts the observation is the middle of the distribution, so it counts once, not on both sides.
        guard onlyFirst != onlySecond else { return 1 - tail(onlyFirst).first / 2 }
        let tail = tail(max(onlyFirst, onlySecond))
        return min(1, 2 * tail.all - tail.first)
    }

    /// One-sided mid-p: small if chance alone would hardly make the second so much better. 1 where no row tells both
    /// apart.
    public var secondIsBetterP: Double { oneSided(onlySecond) }

    /// One-sided mid-p for the first.
    public var firstIsBetterP: Double { oneSided(onlyFirst) }

    private func oneSided(_ successes: Int) -> Double {
        let rows = onlyFirst + onlySecond
        guard rows > 0 else { return 1 }
        if 2 * successes < rows { return 1 - oneSided(rows - successes) }
        let tail = tail(successes)
        return tail.all - tail.first / 2
    }

    /// Probability of exactly so many successes, and of at least so many, if each side were as likely.
    ///
    /// - Parameter successes: at least half of the rows, so that each term of the sum is smaller than the one before.
    private func tail(_ successes: Int) -> (first: Double, all: Double) {
        let rows = Double(onlyFirst + onlySecond)
        let ways: Double = lgamma(rows + 1) - lgamma(Double(successes) + 1) - lgamma(rows - Double(successes) + 1)
        let first = exp(ways - rows * log(2))
        var (term, all, count) = (first, first, Double(successes))
        while count < rows, term > all * 1e-17 {
            term *= (rows - count) / (count + 1)
            count += 1
            all += term
        }
        return (first, all)
    }
}
