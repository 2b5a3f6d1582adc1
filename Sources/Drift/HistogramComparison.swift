import Glibc

/// How far the histogram of a window is from that of a reference.
public struct HistogramComparison: Sendable, Equatable {
    /// The population stability index without what chance alone contributes; 0 at least.
    public let stabilityIndex: Double
    /// The significance of the difference in standard deviations of the normal distribution: the chi-square statistic
    /// of the two samples, by the approximation of Wilson and Hilferty.
    public let significance: Double

    /// Bins are pooled until each has this many texts of the window by the common distribution.
    static let minimumExpected = 10.0

    /// - Parameters:
    ///   - reference: counts per bin.
    ///   - window: likewise.
    ///   - isOrdered: whether neighbouring bins are pooled; otherwise all rare ones are pooled with each other.
    public init(reference: [Int], window: [Int], isOrdered: Bool) {
        let (n, m) = (Double(reference.reduce(0, +)), Double(window.reduce(0, +)))
        let bins = Self.pooled(Array(zip(reference, window)), share: m / max(n + m, 1), isOrdered: isOrdered)
        guard n > 0, m > 0, bins.count > 1 else {
            (stabilityIndex, significance) = (0, 0)
            return
        }
        var (index, chiSquare) = (0.0, 0.0)
        for (r, w) in bins {
            // Half a text per bin keeps the logarithm finite.
            let (p, q) = ((r + 0.5) / (n + 0.5 * Double(bins.count)), (w + 0.5) / (m + 0.5 * Double(bins.count)))
            index += (q - p) * log(q / p)
            let (expectedR, expectedW) = ((r + w) * n / (n + m), (r + w) * m / (n + m))
            chiSquare += (r - expectedR) * (r - expectedR) / expectedR + (w - expectedW) * (w - expectedW) / expectedW
        }
        let freedom = Double(bins.count - 1)
        // Without a difference, the index is about chi-square · (1/n + 1/m).
        stabilityIndex = max(index - freedom * (1 / n + 1 / m), 0)
        let spread = 2 / (9 * freedom)
        significance = (cbrt(chiSquare / freedom) - (1 - spread)) / spread.squareRoot()
    }

    private static func pooled(
        _ bins: [(Int, Int)], share: Double, isOrdered: Bool
    ) -> [(reference: Double, window: Double)] {
        // Rare labels one after the other, so that they are neighbours.
        let bins = isOrdered ? bins : bins.sorted { $0.0 + $0.1 < $1.0 + $1.1 }
        var result: [(reference: Double, window: Double)] = []
        var open = (reference: 0.0, window: 0.0)
        for (reference, window) in bins {
            open = (open.reference + Double(reference), open.window + Double(window))
            if (open.reference + open.window) * share >= minimumExpected {
                result.append(open)
                open = (0, 0)
            }
        }
        guard open != (0, 0) else { return result }
        guard let last = result.popLast() else { return [open] }
        result.append((last.reference + open.reference, last.window + open.window))
        return result
    }
}
