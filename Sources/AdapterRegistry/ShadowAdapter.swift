import BERT

/// A challenger that labels beside the champion, ready for inference.
public struct ShadowAdapter: Sendable {
    /// The adapter.
    public private(set) var adapter: Adapter
    /// Its entry in the registry.
    public let version: AdapterVersion
    /// Counts what it does to the labels.
    public let monitor = ShadowMonitor()
    private let mapping: LabelMapping
    /// The labels of the champion, as the task calls them now.
    private let championLabels: Set<String>

    /// - Parameters:
    ///   - champion: the labels of the champion.
    ///   - mapping: what became of labels that the task once had.
    public init(adapter: Adapter, version: AdapterVersion, champion: [String], mapping: LabelMapping = LabelMapping()) {
        (self.adapter, self.version, self.mapping) = (adapter, version, mapping)
        championLabels = Set(mapping.current(champion))
    }

    /// The same over the same base in another precision.
    func over(_ base: BERTBase) throws(AdapterError) -> ShadowAdapter {
        var copy = self
        copy.adapter = try adapter.over(base)
        return copy
    }

    /// What the challenger does to the labels of one text; nil stands for an abstention.
    ///
    /// A label that was renamed has not changed. Where the labels of the task have changed, the champion cannot give a
    /// new label, and may give a retired one: the challenger must not be blamed for these.
    public func change(from champion: [String]?, to challenger: [String]?) -> ShadowChange {
        let (old, new) = (champion.map(mapping.current).map(Set.init), challenger.map(mapping.current).map(Set.init))
        if old == new, (champion ?? []).allSatisfy({ mapping.current($0) != nil }) { return .none }
        let isRetired = (champion ?? []).contains { mapping.current($0) == nil }
        let isNew = !(new ?? []).isSubset(of: championLabels)
        return isRetired || isNew ? .expected : .changed
    }
}
