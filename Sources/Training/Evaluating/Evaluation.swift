import BERT

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
        /// Of a multi-label task the score from which the label holds.
        public var threshold: Double?
    }

    /// Share of rows predicted right, of a multi-label task with exactly their set of labels; 0 of no rows.
    public var accuracy: Double
    /// Unweighted mean of F1 over the labels that occur in truth or prediction.
    public var macroF1: Double
    /// F1 of all labels and rows counted together; of a task with one label a text this is the accuracy.
    public var microF1: Double
    /// Mean negative log-likelihood of the rows whose labels the adapter knows, of a multi-label task a row and label; nil where unknown.
    public var loss: Double?
    /// Whether rows have sets of labels.
    public var isMultiLabel: Bool
    /// In the order of `labels`.
    public var perLabel: [LabelFigures]
    /// `confusion[truth][predicted]`, both in the order of `labels`; empty for a multi-label task, where no label stands for another.
    public var confusion: [[Int]]
    /// The labels given, then those that only truth or prediction has.
    public var labels: [String]

    enum CodingKeys: String, CodingKey {
        case accuracy, confusion, labels, loss
        case microF1 = "micro_f1"
        case isMultiLabel = "multi_label"
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
        microF1 = accuracy
        isMultiLabel = false
    }

    /// Sets of labels against sets of labels.
    ///
    /// - Parameters:
    ///   - truth: the labels of each row.
    ///   - predicted: those predicted for each row, as many as `truth`.
    ///   - thresholds: those of `labels`, to be shown.
    public init(truth: [[String]], predicted: [[String]], labels: [String], thresholds: [Double]? = nil) {
        var order: [String] = []
        var index: [String: Int] = [:]
        for label in labels + truth.joined() + predicted.joined() where index[label] == nil {
            index[label] = order.count
            order.append(label)
        }
        var counts = [(right: Int, truth: Int, predicted: Int)](repeating: (0, 0, 0), count: order.count)
        var exact = 0
        for (truth, predicted) in zip(truth.lazy.map(Set.init), predicted.lazy.map(Set.init)) {
            if truth == predicted { exact += 1 }
            for label in truth { counts[index[label] ?? 0].truth += 1 }
            for label in predicted { counts[index[label] ?? 0].predicted += 1 }
            for label in truth.intersection(predicted) { counts[index[label] ?? 0].right += 1 }
        }
        self.labels = order
        confusion = []
        isMultiLabel = true
        accuracy = Self.share(exact, of: min(truth.count, predicted.count))
        perLabel = zip(order, counts).map { label, count in
            LabelFigures(
                label: label, precision: Self.share(count.right, of: count.predicted), recall: Self.share(count.right, of: count.truth),
                f1: Self.share(2 * count.right, of: count.truth + count.predicted), support: count.truth)
        }
        for (place, threshold) in (thresholds ?? []).enumerated() where place < labels.count { perLabel[place].threshold = threshold }
        let occurring = zip(perLabel, counts).filter { $1.truth + $1.predicted > 0 }.map(\.0.f1)
        macroF1 = occurring.isEmpty ? 0 : occurring.reduce(0, +) / Double(occurring.count)
        let all = counts.reduce((0, 0)) { ($0.0 + $1.right, $0.1 + $1.truth + $1.predicted) }
        microF1 = Self.share(2 * all.0, of: all.1)
    }

    /// What an adapter said of rows against their labels.
    ///
    /// - Parameter predictions: as many as rows.
    public init(rows: [LabelledText], predictions: [Prediction], adapter: Adapter) {
        if adapter.manifest.isMultiLabel {
            let thresholds = adapter.manifest.thresholds ?? adapter.labels.map { _ in 0.5 }
            self.init(
                truth: rows.map(\.labels), predicted: predictions.map(\.labels), labels: adapter.labels, thresholds: thresholds)
        } else {
            self.init(truth: rows.map(\.label), predicted: predictions.map(\.label), labels: adapter.labels)
        }
        loss = KnownRows(rows: rows, predictions: predictions, adapter: adapter).loss(temperature: adapter.manifest.temperature ?? 1)
    }

    /// The figures that a registry keeps.
    public var metrics: [String: Double] {
        var metrics = ["accuracy": accuracy, "macro_f1": macroF1]
        if isMultiLabel { metrics["micro_f1"] = microF1 }
        if let loss { metrics["loss"] = loss }
        return metrics
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
