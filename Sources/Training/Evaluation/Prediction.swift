import BERT

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
