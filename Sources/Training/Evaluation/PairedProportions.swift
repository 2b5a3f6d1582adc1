/// The accuracies of two adapters on the same rows: their difference, and how sure it is.
public struct PairedProportions: Sendable, Equatable {
    /// Number of rows.
    public let rows: Int
    /// Rows that only the first predicts correctly.
    public let onlyFirst: Int
    /// Rows that only the second predicts correctly.
    public let onlySecond: Int

    /// Proportions of `rows`.
    public init(rows: Int, onlyFirst: Int, onlySecond: Int) {
        (self.rows, self.onlyFirst, self.onlySecond) = (rows, onlyFirst, onlySecond)
    }

    /// Accuracy of the second minus that of the first; 0 without rows.
    public var difference: Double { rows == 0 ? 0 : Double(onlySecond - onlyFirst) / Double(rows) }

    /// The lower bound of the difference: Tango's score interval (1998), which keeps its coverage with few rows and
    /// where all rows agree.
    ///
    /// - Parameter level: one-sided, such as 0.05.
    public func lowerBound(level: Double) -> Double {
        guard rows > 0 else { return -1 }
        let z = NormalDistribution.quantile(upperTail: level)
        var (low, high) = (-1.0, difference)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if score(of: middle) > z { low = middle } else { high = middle }
        }
        return low
    }

    /// The upper bound of the difference.
    public func upperBound(level: Double) -> Double {
        -PairedProportions(rows: rows, onlyFirst: onlySecond, onlySecond: onlyFirst).lowerBound(level: level)
    }

    /// How far the difference lies above a hypothetical one, in standard errors under that hypothesis.
    private func score(of hypothesis: Double) -> Double {
        let (n, wins, losses) = (Double(rows), Double(onlySecond), Double(onlyFirst))
        // The most likely share of losses under the hypothesis is the root of a quadratic equation.
        let linear = (2 * n - wins + losses) * hypothesis - wins - losses
        let constant = -losses * hypothesis * (1 - hypothesis)
        let losing = (max(0, linear * linear - 8 * n * constant).squareRoot() - linear) / (4 * n)
        let variance = n * (2 * losing + hypothesis * (1 - hypothesis))
        let distance = wins - losses - n * hypothesis
        return variance > 0 ? distance / variance.squareRoot() : distance > 0 ? .infinity : 0
    }
}
