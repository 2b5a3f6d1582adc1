import BERT
import Drift
import FoundationEssentials

/// What a refresh of the live set changed.
public struct AdapterRefresh: Sendable, Equatable {
    /// Tasks whose live adapter was replaced.
    public var changed: [String] = []
    /// Tasks without a live version in the registry. They keep the adapter that they have.
    public var missing: [String] = []
    /// Tasks whose live version is unusable here, with the reason. They keep the adapter that they have.
    public var refused: [String: String] = [:]
    /// Tasks whose adapter was loaded now and has a stored drift reference that cannot be used.
    public var unusableReferences: [String: DriftReferenceError] = [:]
    /// Tasks whose challenger in shadow is unusable here. It labels nothing; the live adapter is not affected.
    public var refusedShadows: [String: RefusedShadow] = [:]

    /// A challenger that cannot label beside the champion.
    public struct RefusedShadow: Sendable, Equatable {
        /// Its version.
        public var version: Int
        /// Why, for a person.
        public var reason: String
        /// Until when it may label in other processes, because it does not fit the pipeline file of this one, or
        /// because this one cannot read the base as finely as it needs it; nil: it can label nowhere.
        public var othersUntil: Date?

        /// - Parameters: as the properties.
        public init(version: Int, reason: String, othersUntil: Date? = nil) {
            (self.version, self.reason, self.othersUntil) = (version, reason, othersUntil)
        }
    }

    /// A result; the default is that nothing changed.
    public init(changed: [String] = [], missing: [String] = [], refused: [String: String] = [:]) {
        self.changed = changed
        self.missing = missing
        self.refused = refused
    }
}
