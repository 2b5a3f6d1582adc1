import BERT

/// The metrics of predictions against the true labels.
public struct Evaluation: Sendable, Codable, Equatable {
    /// The metrics of one label; 0 where the denominator is 0.
    public struct LabelFigures: Sendable, Codable, Equatable {
        /// The label.
        public var label: String
        /// Share of the rows predicted as this label that have it.
        public var precision: Double
        /// Share of the rows with this label that are predicted as it.
        public var recall: Double
        /// Harmonic mean of precision and recall.
        public var f1: Double
        /// Rows that have the label.
        public var support: Int
        /// In a multi-label task, the score from which the label holds.
        public var threshold: Double?
    }

    /// A cell of the confusion matrix.
    public struct ConfusionCell: Sendable, Codable, Equatable {
        /// Index of the true label among `labels`.
        public var truth: Int
        /// Index of the predicted label among `labels`.
        public var predicted: Int
        /// Number of rows.
        public var rows: Int
    }

    /// Share of rows predicted correctly; in a multi-label task, with exactly their set of labels. 0 without rows.
    public var accuracy: Double
    /// Unweighted mean of F1 over the labels that occur in truth or prediction.
    public var macroF1: Double
    /// F1 over all labels and rows together, which is the accuracy if texts have one label.
    public var microF1: Double
    /// Mean negative log-likelihood of the rows whose labels the adapter has; in a multi-label task, per row and label.
    /// nil if unknown.
    public var loss: Double?
    /// Whether rows have sets of labels.
    public var isMultiLabel: Bool
    /// One entry per label, in the order of `labels`.
    public var perLabel: [LabelFigures]
    /// The cells of the confusion matrix that are not 0, in the order of `labels`. Empty for a multi-label task, where
    /// no label is taken for another. Never more than rows: the whole matrix of 10,000 labels would take 800 MB.
    public var confusedLabels: [ConfusionCell]
    /// The given labels, followed by those that only truth or predictions have.
    public var labels: [String]

    enum CodingKeys: String, CodingKey {
        case accuracy, labels, loss
        case confusedLabels = "confused_labels"
        case microF1 = "micro_f1"
        case isMultiLabel = "multi_label"
        case macroF1 = "macro_f1"
        case perLabel = "per_label"
    }

    /// Compares one label per row.
    ///
    /// - Parameters:
    ///   - truth: the true label of each row.
    ///   - predicted: the predicted label of each row. Rows that only one of both has are ignored.
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

    /// Compares a set of labels per row.
    ///
    /// - Parameters:
    ///   - truth: the true labels of each row.
    ///   - predicted: the predicted labels of each row.
    ///   - labels: the labels to report, in order.
    ///   - thresholds: those of `labels`, for the report.
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

    /// The metrics that the registry keeps.
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

    /// Rows that have a label, rows that it is predicted for, and rows with both.
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
    /// `matrix[truth][predicted]`, both in the order of `labels`. Its size is the square of their number.
    public var confusionMatrix: [[Int]] {
        var matrix = [[Int]](repeating: [Int](repeating: 0, count: labels.count), count: labels.count)
        for cell in confusedLabels { matrix[cell.truth][cell.predicted] = cell.rows }
        return matrix
    }

    /// The cells of wrong predictions, the most frequent first.
    public var mistakes: [ConfusionCell] {
        confusedLabels.filter { $0.truth != $0.predicted }
            .sorted { ($1.rows, $0.truth, $0.predicted) < ($0.rows, $1.truth, $1.predicted) }
    }
}
