import BERT

/// A freshly trained adapter, which has yet to prove itself.
public struct AdapterCandidate: Sendable {
    public var adapter: Adapter
    public var epochs: [EpochReport]
    /// On the validation rows, after the last epoch; nil without validation rows.
    public var evaluation: Evaluation?
}
