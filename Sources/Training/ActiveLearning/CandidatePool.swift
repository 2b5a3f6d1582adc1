/// Texts without labels, of which some are chosen to be labelled next.
public struct CandidatePool: Sendable {
    /// The present model's probability of each label, [texts, labels].
    public let probabilities: FeatureMatrix
    /// The base's view of each text.
    public let features: FeatureMatrix
    /// Whether a text has a set of labels.
    public let isMultiLabel: Bool
    /// Texts that come first whatever their margin, such as those that the daemon abstained on.
    public let isUrgent: [Bool]

    /// - Parameter isUrgent: one per text; nil: none is.
    public init(
        probabilities: FeatureMatrix, features: FeatureMatrix, isMultiLabel: Bool, isUrgent: [Bool]? = nil
    ) {
        (self.probabilities, self.features, self.isMultiLabel) = (probabilities, features, isMultiLabel)
        self.isUrgent = isUrgent ?? Array(repeating: false, count: probabilities.rows)
    }

    /// Number of texts.
    public var count: Int { min(probabilities.rows, features.rows, isUrgent.count) }

    /// How sure the model is of a text, from 0 (it cannot tell) to 1.
    ///
    /// With one label per text: the best probability minus the second. In a multi-label task: the least distance of a
    /// probability from 0.5, doubled.
    public func margin(_ text: Int) -> Double { Self.margin(probabilities[text], isMultiLabel: isMultiLabel) }

    static func margin(_ scores: ArraySlice<Float>, isMultiLabel: Bool) -> Double {
        if isMultiLabel { return scores.map { abs(2 * Double($0) - 1) }.min() ?? 1 }
        var (best, second) = (0.0, 0.0)
        for score in scores {
            let score = Double(score)
            if score > best {
                (best, second) = (score, best)
            } else if score > second {
                second = score
            }
        }
        return best - second
    }

    /// The texts in the order of their need: urgent ones first, then by margin, then as they are given.
    func byNeed() -> [Int] {
        let margins = (0..<count).map(margin)
        return (0..<count).sorted {
            (isUrgent[$0] ? 0 : 1, margins[$0], $0) < (isUrgent[$1] ? 0 : 1, margins[$1], $1)
        }
    }
}
