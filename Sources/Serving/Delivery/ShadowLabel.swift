import AdapterRegistry

/// What a challenger in shadow says of one text, beside the champion's label. It goes to a table of its own.
public struct ShadowLabel: Sendable {
    /// The challenger's label.
    public let label: TaskLabel
    /// The adapter whose label counts.
    public let championDigest: String
    /// Probability of the champion's best label.
    public let championScore: Double
    /// What the challenger would do to the label.
    public let change: ShadowChange

    /// - Parameters:
    ///   - label: the challenger's label.
    ///   - champion: the label that counts.
    ///   - change: what the challenger would do to it.
    public init(label: TaskLabel, champion: TaskLabel, change: ShadowChange) {
        (self.label, self.change) = (label, change)
        (championDigest, championScore) = (champion.adapterDigest, champion.score)
    }
}
