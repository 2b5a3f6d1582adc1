/// How good one label of a task with sets of labels is on a window of texts, as its calibrated probabilities promise,
/// without knowing the truth.
///
/// It is the confidence-based performance estimation of NannyML ("Estimating model performance without ground truth"),
/// label by label: a text that has the label with probability p is right with p, and one that does not have it misses
/// it with p.
public struct LabelExpectation: Sendable, Equatable, Codable {
    /// Texts that were given the label.
    public private(set) var given = 0
    /// How many of these are expected to be right.
    public private(set) var truePositives = 0.0
    /// How many of all texts are expected to need the label.
    public private(set) var positives = 0.0

    private enum CodingKeys: String, CodingKey {
        case given, positives
        case truePositives = "true_positives"
    }

    init() {}

    /// The expected precision; nil where no text was given the label.
    public var precision: Double? { given > 0 ? truePositives / Double(given) : nil }

    /// The expected recall; nil where no text is expected to need the label.
    public var recall: Double? { positives > 0 ? truePositives / positives : nil }

    mutating func add(_ text: TextObservation.GivenLabel) {
        guard text.probability.isFinite else { return }
        positives += text.probability
        guard text.isGiven else { return }
        given += 1
        truePositives += text.probability
    }

    mutating func add(_ other: LabelExpectation) {
        given += other.given
        truePositives += other.truePositives
        positives += other.positives
    }

    /// Whether what was read can be what texts gave. The upper bound keeps sums from overflowing.
    var isValid: Bool {
        let most = Double(1 << 40)
        return (0...(1 << 40)).contains(given) && (0...most).contains(truePositives) && (0...most).contains(positives)
    }
}
