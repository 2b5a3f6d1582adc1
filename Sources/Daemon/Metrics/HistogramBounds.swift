import Serving

/// Upper bounds of histogram buckets.
enum HistogramBounds {
    static let seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// From receiving a text to its rows: from a batch to an outage.
    static let delivery = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
    /// From producing a text to its rows: also what waited in the topic for hours.
    static let endToEnd = [
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400,
    ]
    /// Retrainings: from seconds to hours.
    static let retraining: [Double] = [10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800]
    /// Powers of two, as budgets of tokens are.
    static let tokens = (3...14).map { Double(1 << $0) }
    /// Ratios.
    static let shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

    /// By name, else by the unit at its end.
    static func bounds(for name: String) -> [Double] {
        switch name {
        case MetricNames.delivery: return delivery
        case MetricNames.endToEnd: return endToEnd
        case DaemonMetricNames.retrainingSeconds: return retraining
        default: break
        }
        if name.hasSuffix("_seconds") { return seconds }
        if name.hasSuffix("_tokens") { return tokens }
        return shares
    }
}
