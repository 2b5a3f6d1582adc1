import Drift

/// From which distance on a text is unlike everything that the adapter knows, so that it gets none of its labels.
///
/// The distance is that of `labels.distance`: from the nearest centre of a label, where 1 is usual for its texts.
public enum NoneOfThese: Sendable, Equatable {
    /// Beyond this distance.
    case beyond(Double)
    /// Beyond the distance that at most this share of texts exceeds which are like those of the drift reference.
    case falseAlarms(Double)

    /// The largest distance of a text that gets a label; nil where the adapter's reference does not say, so that every
    /// text gets one.
    public func threshold(_ spread: DistanceSpread?) -> Double? {
        switch self {
        case .beyond(let distance): spread == nil ? nil : distance
        case .falseAlarms(let share): spread?.distance(exceededBy: share)
        }
    }

    /// Whether a text gets no label for its distance.
    public func holds(distance: Double?, _ spread: DistanceSpread?) -> Bool {
        guard let distance, let threshold = threshold(spread) else { return false }
        return distance > threshold
    }

    /// Why no text would be taken for none of these, as a clause; nil if texts could be.
    public func doubt(_ spread: DistanceSpread?) -> String? {
        guard threshold(spread) == nil else { return nil }
        guard case .falseAlarms(let share) = self, let spread else {
            return "the adapter has no drift reference with usual distances, so every text gets a label; "
                + "train it with at least \(DriftReference.minimumTexts) validation rows"
        }
        return "the drift reference has \(spread.texts) texts, too few for a share of \(share), so every text gets a "
            + "label; train with at least \(Int((1 / share).rounded(.up)) - 1) validation rows"
    }
}
