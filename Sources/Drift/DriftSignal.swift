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

/// The bins of the signals. They are fixed, so that profiles can be added and compared.
enum Bins {
    static let confidenceCount = 20
    private static let shareBounds = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    private static let lengthCount = 24
    /// The lower bound of the second bin is 2^-12, and there are two bins per octave.
    private static let distanceOctaves = 13

    /// The number of bins; for labels, that of the adapter.
    static func count(_ signal: DriftSignal, labels: Int) -> Int {
        switch signal {
        case .labels: labels
        case .confidence: confidenceCount
        case .abstentions: 2
        case .unknownTokens: shareBounds.count + 1
        case .length: lengthCount
        // The last one is for texts whose label has no centre.
        case .distance: 2 * distanceOctaves + 3
        }
    }

    static func confidence(_ score: Double) -> Int {
        guard score.isFinite else { return 0 }
        return min(max(Int(score * Double(confidenceCount)), 0), confidenceCount - 1)
    }

    static func share(_ part: Int, of whole: Int) -> Int {
        let share = Double(part) / Double(max(whole, 1))
        return shareBounds.firstIndex { share <= $0 } ?? shareBounds.count
    }

    static func length(_ tokens: Int) -> Int { min(halfOctave(Double(max(tokens, 1))), lengthCount - 1) }

    static func distance(_ distance: Float?) -> Int {
        let last = 2 * distanceOctaves + 1
        guard let distance, distance.isFinite else { return last + 1 }
        guard distance > 0 else { return 0 }
        return min(max(halfOctave(Double(distance)) + 2 * (distanceOctaves - 1) + 1, 0), last)
    }

    /// Twice the logarithm to base 2, rounded down.
    private static func halfOctave(_ x: Double) -> Int {
        2 * Int(x.exponent) + (x.significand >= 2.0.squareRoot() ? 1 : 0)
    }
}
