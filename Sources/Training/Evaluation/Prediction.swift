import BERT

/// What an adapter says of one text.
public struct Prediction: Sendable, Equatable {
    /// The label with the highest score.
    public var label: String
    /// The labels that hold, in the adapter's order; of one label a text `label` alone.
    public var labels: [String]
    /// The highest probability.
    public var score: Double
    /// The probability of each label, in the adapter's order.
    public var scores: [Double]
    /// The head's output, in the same order.
    public var logits: [Float]
}

extension Prediction {
    /// - Parameter logits: what the adapter's head gave, one a label.
    public init(logits: [Float], adapter: Adapter) {
        let answer = adapter.answer(logits)
        label = adapter.labels[answer.best]
        labels = answer.chosen.map { adapter.labels[$0] }
        score = answer.score
        scores = answer.scores
        self.logits = logits
    }
}
