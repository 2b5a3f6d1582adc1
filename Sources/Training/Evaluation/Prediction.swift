import BERT
import Glibc

/// An adapter's prediction for one text.
public struct Prediction: Sendable, Equatable {
    /// The label with the highest score.
    public var label: String
    /// The labels that hold, in the adapter's order; `label` alone if texts have one label.
    public var labels: [String]
    /// The probability of `label`.
    public var score: Double
    /// The probability of each label, in the adapter's order.
    public var scores: [Double]
    /// The output of the head, in the same order.
    public var logits: [Float]
}

extension Prediction {
    /// - Parameter logits: the output of the adapter's head, one per label.
    public init(logits: [Float], adapter: Adapter) {
        let answer = adapter.answer(logits)
        label = adapter.labels[answer.best]
        labels = answer.chosen.map { adapter.labels[$0] }
        score = answer.score
        scores = answer.scores
        self.logits = logits
    }
}

extension [Prediction] {
    /// The same predictions with the labels that a mapping leaves. The probability of merged labels is the sum of
    /// theirs, and in a multi-label task the merged label holds where one of them holds. Retired labels are never
    /// predicted.
    ///
    /// - Parameter adapter: the adapter that made them.
    /// - Returns: the predictions as they are if the mapping changes no label, or leaves none.
    public func mapped(by mapping: LabelMapping, adapter: Adapter) -> [Prediction] {
        let groups = mapping.groups(of: adapter.labels)
        guard mapping.changes(adapter.labels), !groups.isEmpty else { return self }
        let isMultiLabel = adapter.manifest.isMultiLabel
        let temperature = adapter.manifest.temperature ?? 1
        return map { prediction in
            var mapped = prediction
            mapped.scores = groups.map { group in
                let scores = group.places.map { prediction.scores[$0] }
                return isMultiLabel ? scores.max() ?? 0 : scores.reduce(0, +)
            }
            mapped.logits = groups.map { group in
                let logits = group.places.map { Double(prediction.logits[$0]) / temperature }
                let highest = logits.max() ?? 0
                // What softmax makes the sum of the probabilities of.
                let sum = isMultiLabel ? 0 : log(logits.reduce(0) { $0 + exp($1 - highest) })
                return Float((highest + sum) * temperature)
            }
            let best = mapped.scores.indices.max { mapped.scores[$0] < mapped.scores[$1] } ?? 0
            (mapped.label, mapped.score) = (groups[best].label, mapped.scores[best])
            mapped.labels = isMultiLabel ? mapping.current(prediction.labels) : [mapped.label]
            return mapped
        }
    }
}

extension Evaluation {
    /// The metrics of an adapter's predictions with the labels that a mapping leaves; without a loss if it changes any,
    /// because no adapter gave these scores.
    ///
    /// - Parameter predictions: the adapter's own, one per row.
    public init(rows: [LabelledText], predictions: [Prediction], adapter: Adapter, mapping: LabelMapping) {
        let labels = mapping.current(adapter.labels)
        guard mapping.changes(adapter.labels), !labels.isEmpty else {
            self.init(rows: rows, predictions: predictions, adapter: adapter)
            return
        }
        let mapped = predictions.mapped(by: mapping, adapter: adapter)
        if adapter.manifest.isMultiLabel {
            self.init(truth: rows.map(\.labels), predicted: mapped.map(\.labels), labels: labels)
        } else {
            self.init(truth: rows.map(\.label), predicted: mapped.map(\.label), labels: labels)
        }
    }
}
