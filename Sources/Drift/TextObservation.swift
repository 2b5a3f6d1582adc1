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
    /// The nearest centre of any label; nil: there is none, or nobody looked.
    public var nearest: ReferenceCentres.Nearest?
    /// The probability that the label is right, by the scores: for a set of labels, the mean over all labels of the
    /// probability that each is rightly given or not given.
    public var expectedAccuracy: Double
    /// For a set of labels: the probability of each, and whether it is given. Empty for one label per text.
    public var givenLabels: [GivenLabel] = []

    /// A label that a text may have besides others.
    public struct GivenLabel: Sendable, Equatable {
        /// Its score.
        public var probability: Double
        /// Whether the text has it, by the threshold of the label.
        public var isGiven: Bool

        /// - Parameters: as the properties.
        public init(probability: Double, isGiven: Bool) { (self.probability, self.isGiven) = (probability, isGiven) }
    }

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
        _ answer: Answer, of adapter: Adapter, tokens: Int, unknownTokens: Int, distances: TextDistances,
        abstained: Bool?
    ) {
        let labels = adapter.manifest.isMultiLabel ? Self.givenLabels(answer) : []
        let right = labels.reduce(0.0) { $0 + ($1.isGiven ? $1.probability : 1 - $1.probability) }
        self.init(
            label: answer.best, confidence: answer.score, abstained: abstained, tokens: tokens,
            unknownTokens: unknownTokens, distance: distances.predicted,
            expectedAccuracy: labels.isEmpty ? answer.score : right / Double(labels.count))
        (nearest, givenLabels) = (distances.nearest, labels)
    }

    private static func givenLabels(_ answer: Answer) -> [GivenLabel] {
        let chosen = Set(answer.chosen)
        return answer.scores.enumerated().map { GivenLabel(probability: $1, isGiven: chosen.contains($0)) }
    }
}
