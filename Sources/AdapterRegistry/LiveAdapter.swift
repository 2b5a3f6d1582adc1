import BERT
import Drift

/// A live adapter, ready for inference, with its entry in the registry.
public struct LiveAdapter: Sendable {
    /// The adapter.
    public private(set) var adapter: Adapter
    /// Its entry in the registry.
    public let version: AdapterVersion
    /// Compares the texts that it labels with those at its promotion.
    public let drift: DriftMonitor
    /// The challenger that labels beside it; nil: none.
    public private(set) var shadow: ShadowAdapter?
    /// The SHA-256 of its stored drift reference, if that is damaged and the one of the first live texts replaces it.
    public let damagedReference: String?

    /// - Parameters:
    ///   - version: the registry's entry of this adapter.
    ///   - reference: what its texts were like at its promotion; nil: the first live texts become that.
    ///   - damaged: as the property.
    public init(
        adapter: Adapter, version: AdapterVersion, reference: DriftReference? = nil,
        damagedReference damaged: String? = nil
    ) {
        self.adapter = adapter
        self.version = version
        damagedReference = damaged
        drift = DriftMonitor(adapterDigest: adapter.digest, labels: adapter.labels.count, reference: reference)
    }

    /// The same with another challenger beside it.
    public func with(shadow: ShadowAdapter?) -> LiveAdapter {
        var copy = self
        copy.shadow = shadow
        return copy
    }

    /// The same over the same base in another precision, and so its challenger. What is known of their texts stays.
    func over(_ base: BERTBase) throws(AdapterError) -> LiveAdapter {
        var copy = self
        copy.adapter = try adapter.over(base)
        copy.shadow = try shadow?.over(base)
        return copy
    }
}
