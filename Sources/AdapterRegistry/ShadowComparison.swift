/// Champion and challenger on live texts that both have labelled.
public struct ShadowComparison: Sendable, Equatable, Codable {
    /// Texts that both have labelled.
    public var texts = 0
    /// Texts whose label would change.
    public var changed = 0
    /// Texts whose label would change because the labels of the task have changed. They do not count as changed.
    public var expected = 0
    /// Mean score of the champion's best label; 0 without texts.
    public var championConfidence = 0.0
    /// Mean score of the challenger's best label; 0 without texts.
    public var challengerConfidence = 0.0

    /// Without texts.
    public init() {}

    /// The share of texts that get the same label; nil without texts.
    public var agreement: Double? { texts > 0 ? Double(texts - changed - expected) / Double(texts) : nil }

    /// Texts whose labels can be compared: not those whose label changes because the labels of the task have changed.
    public var compared: Int { texts - expected }

    /// The share of the compared texts whose label would change; 0 without any.
    public var changedShare: Double { compared > 0 ? Double(changed) / Double(compared) : 0 }

    /// Adds one text.
    public mutating func add(_ change: ShadowChange, championScore: Double, challengerScore: Double) {
        texts += 1
        if change == .changed { changed += 1 }
        if change == .expected { expected += 1 }
        championConfidence += (championScore - championConfidence) / Double(texts)
        challengerConfidence += (challengerScore - challengerConfidence) / Double(texts)
    }

    private enum CodingKeys: String, CodingKey {
        case texts, changed, expected
        case championConfidence = "champion_confidence"
        case challengerConfidence = "challenger_confidence"
    }
}
