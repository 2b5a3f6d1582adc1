import BERT
import Training

/// Two adapters evaluated on the same rows.
public struct AdapterComparison {
    /// One of the two adapters.
    public struct Side {
        /// What the comparison calls the adapter.
        public let name: String
        /// The adapter itself.
        public let adapter: Adapter
        /// Its metrics on the rows.
        public let evaluation: Evaluation
        /// One prediction per row.
        public let predictions: [Prediction]

        /// A side of the comparison; one prediction per row.
        public init(name: String, adapter: Adapter, rows: [LabelledText], predictions: [Prediction]) {
            (self.name, self.adapter, self.predictions) = (name, adapter, predictions)
            evaluation = Evaluation(rows: rows, predictions: predictions, adapter: adapter)
        }
    }

    /// The adapter to compare with.
    public let first: Side
    /// The adapter that may be better.
    public let second: Side
    /// The rows that both were evaluated on.
    public let rows: [LabelledText]
    /// The significance tests on the paired predictions.
    public let test: PairedComparison

    /// A comparison over these rows.
    ///
    /// - Parameters:
    ///   - resamples: bootstrap resamples of the rows.
    ///   - seed: of the resamples.
    public init(first: Side, second: Side, rows: [LabelledText], resamples: Int, seed: UInt64) {
        (self.first, self.second, self.rows) = (first, second, rows)
        test = PairedComparison(
            truth: rows.map(\.labels), first: first.predictions.map(\.labels),
            second: second.predictions.map(\.labels), resamples: resamples, seed: seed)
    }

    /// The rows for which the adapters give different labels, or sets of labels.
    public var changedRows: [Int] {
        rows.indices.filter { Set(first.predictions[$0].labels) != Set(second.predictions[$0].labels) }
    }

    /// The F1 of one label by both adapters.
    public struct LabelPair {
        /// The label.
        public let label: String
        /// F1 of the first adapter; 0 if it does not have the label.
        public let first: Double
        /// F1 of the second adapter; 0 if it does not have the label.
        public let second: Double
        /// Rows that have the label.
        public let support: Int
    }

    /// The labels of either adapter, the largest difference of F1 first.
    public var labels: [LabelPair] {
        let known = Dictionary(second.evaluation.perLabel.map { ($0.label, $0) }) { first, _ in first }
        let shared = Set(first.evaluation.perLabel.map(\.label))
        let pairs =
            first.evaluation.perLabel.map {
                LabelPair(label: $0.label, first: $0.f1, second: known[$0.label]?.f1 ?? 0, support: $0.support)
            }
            + second.evaluation.perLabel.filter { !shared.contains($0.label) }.map {
                LabelPair(label: $0.label, first: 0, second: $0.f1, support: $0.support)
            }
        return pairs.sorted { (abs($0.second - $0.first), $1.label) > (abs($1.second - $1.first), $0.label) }
    }

    /// The conclusion of both tests at the 5 % level, as one sentence.
    public var verdict: String {
        let interval = test.macroF1Interval
        let isSignificant = test.midP < 0.05
        if isSignificant, interval.lower > 0 { return "\(second.name) is significantly better (p < 0.05)." }
        if isSignificant, interval.upper < 0 { return "\(first.name) is significantly better (p < 0.05)." }
        if !isSignificant, interval.lower <= 0, interval.upper >= 0 {
            return "No significant difference on these rows."
        }
        return "Inconclusive: one test finds a significant difference, the other does not. Compare on more rows."
    }
}
