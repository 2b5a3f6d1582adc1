import BERT

/// Precision against coverage: what abstention below a threshold gains and costs.
public struct CoverageCurve: Sendable, Codable, Equatable {
    /// Precision and coverage at one threshold.
    public struct Point: Sendable, Codable, Equatable {
        /// Texts with at least this score get a label.
        public var threshold: Double
        /// Share of the texts that get a label.
        public var coverage: Double
        /// Share of correct ones among their labels; 1 without labels.
        public var precision: Double
    }

    /// From the lowest threshold, which covers all texts, to the highest.
    public var points: [Point]
    /// Number of texts that it was computed on.
    public var rows: Int
}

extension CoverageCurve {
    /// Compares an adapter's predictions with the labels of the rows.
    public init(rows: [LabelledText], predictions: [Prediction]) {
        self = CoverageSteps(rows: rows, predictions: predictions).curve
    }
}

extension AbstentionThreshold {
    /// The lowest threshold with at least this precision on these rows; nil if none covers ten of them.
    public init?(precision: Double, rows: [LabelledText], predictions: [Prediction]) {
        guard let point = CoverageSteps(rows: rows, predictions: predictions).point(precision: precision) else {
            return nil
        }
        self = point
    }
}
