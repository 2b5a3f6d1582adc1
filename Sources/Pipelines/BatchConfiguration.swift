import BERT

/// `batch`.
public struct BatchConfiguration: Sendable, Equatable {
    /// `tokens`: the budget of one batch.
    public var tokens = BatchKeys.tokens.fallback
    /// `delay`: how long the first text of a batch waits for others.
    public var delay = BatchKeys.delay.fallback
    /// `max_tokens`: a longer text is cut; nil: after the standard number of tokens, or as many as the base has
    /// positions for.
    public var maxTokens: Int?

    /// The defaults.
    public init() {}

    /// The limit that holds over a base with this many positions.
    public func maxTokens(positions: Int) -> Int { min(maxTokens ?? BERTConfiguration.standardMaxTokens, positions) }
}
