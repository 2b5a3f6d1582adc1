/// What an adapter says of one text.
public struct Prediction: Sendable, Equatable {
    /// The label with the highest score.
    public var label: String
    /// Its probability.
    public var score: Double
    /// The probability of each label, in the adapter's order.
    public var scores: [Double]
    /// The head's output, in the same order.
    public var logits: [Float]
}
