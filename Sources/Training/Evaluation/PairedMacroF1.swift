/// The difference of two macro-F1 on the same rows, with a standard error from a paired bootstrap.
///
/// Bounds and p-value take the difference as normal: the small levels that repeated looks need would ask for many more
/// samples if the samples themselves were counted.
public struct PairedMacroF1: Sendable, Equatable {
    /// Macro-F1 of the second minus that of the first.
    public let difference: Double
    /// Standard deviation of the difference over the samples.
    public let standardError: Double

    /// Resamples the rows, with a fixed seed: the same rows give the same figures. The number of samples falls with the
    /// number of cells, so that time is bounded.
    public init(_ cells: PairedCells) {
        let (first, second) = cells.macroF1
        difference = second - first
        let resamples = min(500, max(200, 20_000_000 / max(1, cells.size)))
        let differences = cells.macroF1Differences(resamples: resamples, seed: 0)
        let mean = differences.reduce(0, +) / Double(max(1, differences.count))
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardError = (squares / Double(max(1, differences.count - 1))).squareRoot()
    }

    /// One-sided p-value: small if chance alone would hardly make the second so much better.
    public var secondIsBetterP: Double {
        guard standardError > 1e-12 else { return difference > 1e-9 ? 0 : difference < -1e-9 ? 1 : 0.5 }
        return NormalDistribution.upperTail(difference / standardError)
    }

    /// The lower bound of the difference.
    ///
    /// - Parameter level: one-sided, such as 0.05.
    public func lowerBound(level: Double) -> Double {
        difference - NormalDistribution.quantile(upperTail: level) * standardError
    }
}
