import BERT

/// What is known of one text and its label, without the text.
public struct TextObservation: Sendable, Equatable {
    /// The index of the label with the highest score.
    public var label: Int
    /// The score of that label.
    public var confidence: Double
    /// Whether the daemon abstained; nil: nobody asked it to.
    public var abstained: Bool?
    /// The number of tokens, with `[CLS]` and `[SEP]`.
    public var tokens: Int
    /// The number of `[UNK]` among them.
    public var unknownTokens: Int
    /// The cosine distance from the centre of the label; nil: the label has no centre.
    public var distance: Float?
    /// The probability that the label is right, by the scores: for a set of labels, the mean over all labels of the
    /// probability that each is rightly given or not given.
    public var expectedAccuracy: Double

    /// - Parameters: as the properties.
    public init(
        label: Int, confidence: Double, abstained: Bool?, tokens: Int, unknownTokens: Int, distance: Float?,
        expectedAccuracy: Double
    ) {
        (self.label, self.confidence, self.abstained) = (label, confidence, abstained)
        (self.tokens, self.unknownTokens, self.distance) = (tokens, unknownTokens, distance)
        self.expectedAccuracy = expectedAccuracy
    }

    /// The bin of a signal. Only that of `labels` depends on the adapter.
    func bin(_ signal: DriftSignal) -> Int? {
        switch signal {
        case .labels: label
        case .confidence: Bins.confidence(confidence)
        case .abstentions: abstained.map { $0 ? 1 : 0 }
        case .unknownTokens: Bins.share(unknownTokens, of: tokens)
        case .length: Bins.length(tokens)
        case .distance: Bins.distance(distance)
        }
    }
}

extension TextObservation {
    /// What an adapter's answer for a text says.
    public init(
        _ answer: Answer, of adapter: Adapter, tokens: Int, unknownTokens: Int, distance: Float?, abstained: Bool?
    ) {
        self.init(
            label: answer.best, confidence: answer.score, abstained: abstained, tokens: tokens,
            unknownTokens: unknownTokens, distance: distance,
            expectedAccuracy: adapter.manifest.isMultiLabel ? Self.expectedAccuracy(answer) : answer.score)
    }

    private static func expectedAccuracy(_ answer: Answer) -> Double {
        let chosen = Set(answer.chosen)
        let sum = answer.scores.enumerated().reduce(0.0) { sum, score in
            sum + (chosen.contains(score.offset) ? score.element : 1 - score.element)
        }
        return sum / Double(max(answer.scores.count, 1))
    }
}
