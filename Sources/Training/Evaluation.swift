/// Predictions against the truth.
public struct Evaluation: Sendable, Codable, Equatable {
    /// One label's figures; a share of nothing is 0.
    public struct LabelFigures: Sendable, Codable, Equatable {
        public var label: String
        /// Of the rows predicted as this label, the share that has it.
        public var precision: Double
        /// Of the rows that have this label, the share predicted as it.
        public var recall: Double
        /// Harmonic mean of precision and recall.
        public var f1: Double
        /// Rows that have the label.
        public var support: Int
    }

    /// Share of rows predicted right; 0 of no rows.
    public var accuracy: Double
    /// Unweighted mean of F1 over the labels that occur in truth or prediction.
    public var macroF1: Double
    /// In the order of `labels`.
    public var perLabel: [LabelFigures]
    /// `confusion[truth][predicted]`, both in the order of `labels`.
    public var confusion: [[Int]]
    /// The labels given, then those that only truth or prediction has.
    public var labels: [String]

    enum CodingKeys: String, CodingKey {
        case accuracy, confusion, labels
        case macroF1 = "macro_f1"
        case perLabel = "per_label"
    }

    /// - Parameters:
    ///   - truth: the true label of each row.
    ///   - predicted: the predicted label of each row, as many as `truth`; what is missing counts for nothing.
    ///   - labels: the labels to report, in order.
    public init(truth: [String], predicted: [String], labels: [String]) {
        var order: [String] = []
        var index: [String: Int] = [:]
        for label in labels + truth + predicted where index[label] == nil {
            index[label] = order.count
            order.append(label)
        }
        var counts = [[Int]](repeating: [Int](repeating: 0, count: order.count), count: order.count)
        for (truth, predicted) in zip(truth, predicted) {
            if let row = index[truth], let column = index[predicted] { counts[row][column] += 1 }
        }
        let rows = min(truth.count, predicted.count)
        let right = order.indices.reduce(0) { $0 + counts[$1][$1] }
        self.labels = order
        confusion = counts
        accuracy = Self.share(right, of: rows)
        perLabel = order.indices.map { Self.figures(order[$0], at: $0, counts) }
        let occurring = zip(order.indices, perLabel).filter { place, figures in
            figures.support > 0 || counts.contains { $0[place] > 0 }
        }
        macroF1 = occurring.isEmpty ? 0 : occurring.reduce(0) { $0 + $1.1.f1 } / Double(occurring.count)
    }

    private static func figures(_ label: String, at place: Int, _ counts: [[Int]]) -> LabelFigures {
        let right = counts[place][place]
        let support = counts[place].reduce(0, +)
        let predicted = counts.reduce(0) { $0 + $1[place] }
        return LabelFigures(
            label: label, precision: share(right, of: predicted), recall: share(right, of: support),
            f1: share(2 * right, of: support + predicted), support: support)
    }

    private static func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
