/// What is watched of the texts that a task labels. Each text falls into one bin per signal.
public enum DriftSignal: String, Sendable, CaseIterable {
    /// The label with the highest score.
    case labels
    /// The score of that label.
    case confidence
    /// Whether the daemon abstained.
    case abstentions
    /// The share of `[UNK]` among the tokens of a text.
    case unknownTokens = "unknown_tokens"
    /// The number of tokens.
    case length
    /// The cosine distance of the pooled vector from the centre of the predicted label.
    case distance

    /// Whether neighbouring bins may be pooled. Bins without an order are pooled with other rare ones.
    var isOrdered: Bool { self != .labels }
}
