import BERT
import Drift

/// What a refresh of the live set changed.
public struct AdapterRefresh: Sendable, Equatable {
    /// Tasks whose live adapter was replaced.
    public var changed: [String] = []
    /// Tasks without a live version in the registry. They keep the adapter that they have.
    public var missing: [String] = []
    /// Tasks whose live version is unusable here, with the reason. They keep the adapter that they have.
    public var refused: [String: String] = [:]

    /// A result; the default is that nothing changed.
    public init(changed: [String] = [], missing: [String] = [], refused: [String: String] = [:]) {
        self.changed = changed
        self.missing = missing
        self.refused = refused
    }
}
