import BERT
import Drift

/// Stores the drift reference of adapters.
///
/// An error means that the store is unavailable.
public protocol DriftReferenceStore: Sendable {
    /// The reference of an adapter as JSON; nil if it has none.
    func driftReference(digest: String) async throws -> [UInt8]?

    /// Stores the reference of an adapter, unless it has one. Does nothing if the registry has no such adapter.
    func store(_ reference: DriftReference) async throws
}
