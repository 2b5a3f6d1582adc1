import BERT
import Drift

/// Stores the drift reference of adapters.
///
/// An error means that the store is unavailable.
public protocol DriftReferenceStore: Sendable {
    /// The reference of an adapter as JSON; nil if it has none.
    func driftReference(digest: String) async throws -> [UInt8]?

    /// Stores the reference of an adapter, unless it has one. Does nothing if the registry has no such adapter.
    ///
    /// - Parameter damaged: the SHA-256 of a stored reference, as JSON, that cannot be used and is replaced.
    func store(_ reference: DriftReference, replacing damaged: String?) async throws
}

extension DriftReferenceStore {
    /// Stores the reference of an adapter, unless it has one. Does nothing if the registry has no such adapter.
    public func store(_ reference: DriftReference) async throws { try await store(reference, replacing: nil) }
}
