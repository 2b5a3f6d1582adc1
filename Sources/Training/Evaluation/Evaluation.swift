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

    /// How many rows of one label were taken for another, or for itself.
    public struct ConfusionCell: Sendable, Codable, Equatable {
        /// Places among `labels`.
        public var truth: Int
        public var predicted: Int
        public var rows: Int
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
    /// The pairs of true and predicted label that occur, in the order of `labels`; empty for a multi-label task, where no label stands
    /// for another. No more than rows, however many labels there are: a matrix of 10,000 would be 800 MB.
    public var confusedLabels: [ConfusionCell]
    /// The labels given, then those that only truth or prediction has.
    public var labels: [String]

    enum CodingKeys: String, CodingKey {
        case accuracy, labels, loss
        case confusedLabels = "confused_labels"
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
        var cells: [Pair: Int] = [:]
        var counts = [LabelCounts](repeating: LabelCounts(), count: order.count)
        for (truth, predicted) in zip(truth, predicted) {
            guard let truth = index[truth], let predicted = index[predicted] else { continue }
            cells[Pair(truth: truth, predicted: predicted), default: 0] += 1
            counts[truth].truth += 1
            counts[predicted].predicted += 1
            if truth == predicted { counts[truth].right += 1 }
        }
        self.labels = order
        confusedLabels = cells.map { ConfusionCell(truth: $0.truth, predicted: $0.predicted, rows: $1) }
            .sorted { ($0.truth, $0.predicted) < ($1.truth, $1.predicted) }
        accuracy = Self.share(counts.reduce(0) { $0 + $1.right }, of: min(truth.count, predicted.count))
        perLabel = zip(order, counts).map(LabelFigures.init)
        macroF1 = Self.macroF1(perLabel, counts)
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
        var counts = [LabelCounts](repeating: LabelCounts(), count: order.count)
        var exact = 0
        for (truth, predicted) in zip(truth.lazy.map(Set.init), predicted.lazy.map(Set.init)) {
            if truth == predicted { exact += 1 }
            for label in truth { counts[index[label] ?? 0].truth += 1 }
            for label in predicted { counts[index[label] ?? 0].predicted += 1 }
            for label in truth.intersection(predicted) { counts[index[label] ?? 0].right += 1 }
        }
        self.labels = order
        confusedLabels = []
        isMultiLabel = true
        accuracy = Self.share(exact, of: min(truth.count, predicted.count))
        perLabel = zip(order, counts).map(LabelFigures.init)
        for (place, threshold) in (thresholds ?? []).enumerated() where place < labels.count {
            perLabel[place].threshold = threshold
        }
        macroF1 = Self.macroF1(perLabel, counts)
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
                truth: rows.map(\.labels), predicted: predictions.map(\.labels), labels: adapter.labels,
                thresholds: thresholds)
        } else {
            self.init(truth: rows.map(\.label), predicted: predictions.map(\.label), labels: adapter.labels)
        }
        loss = LabelledLogits(rows: rows, predictions: predictions, adapter: adapter).loss(
            temperature: adapter.manifest.temperature ?? 1)
    }

    /// The figures that a registry keeps.
    public var metrics: [String: Double] {
        var metrics = ["accuracy": accuracy, "macro_f1": macroF1]
        if isMultiLabel { metrics["micro_f1"] = microF1 }
        if let loss { metrics["loss"] = loss }
        return metrics
    }

    /// Over the labels that occur in truth or prediction.
    private static func macroF1(_ figures: [LabelFigures], _ counts: [LabelCounts]) -> Double {
        let occurring = zip(figures, counts).filter { $1.truth + $1.predicted > 0 }.map(\.0.f1)
        return occurring.isEmpty ? 0 : occurring.reduce(0, +) / Double(occurring.count)
    }

    private struct Pair: Hashable {
        var truth: Int
        var predicted: Int
    }

    /// Rows that a label is true of, predicted for, and both.
    fileprivate struct LabelCounts {
        var right = 0
        var truth = 0
        var predicted = 0
    }

    fileprivate static func share(_ part: Int, of whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

extension Evaluation.LabelFigures {
    fileprivate init(label: String, counts: Evaluation.LabelCounts) {
        self.init(
            label: label, precision: Evaluation.share(counts.right, of: counts.predicted),
            recall: Evaluation.share(counts.right, of: counts.truth),
            f1: Evaluation.share(2 * counts.right, of: counts.truth + counts.predicted), support: counts.truth)
    }
}

extension Evaluation {
    /// `matrix[truth][predicted]`, both in the order of `labels`: as large as their square.
    public var confusionMatrix: [[Int]] {
        var matrix = [[Int]](repeating: [Int](repeating: 0, count: labels.count), count: labels.count)
        for cell in confusedLabels { matrix[cell.truth][cell.predicted] = cell.rows }
        return matrix
    }

    /// The cells of wrong predictions, commonest first.
    public var mistakes: [ConfusionCell] {
        confusedLabels.filter { $0.truth != $0.predicted }
            .sorted { ($1.rows, $0.truth, $0.predicted) < ($0.rows, $1.truth, $1.predicted) }
    }
}
