import BERT

/// The registry's shelf: every version of every task's adapter, and which of them is live.
///
/// Logical failures are thrown as ``AdapterStoreError``; anything else is the shelf itself being out of reach.
public protocol AdapterStore: Sendable {
    /// All versions, or those of one task, by task and ascending version.
    func versions(task: String?) async throws -> [AdapterVersion]

    /// The live versions of these tasks; a task without one is missing from the result.
    func live(tasks: [String]) async throws -> [AdapterVersion]

    /// The adapter of this digest, of any task and state. Throws ``AdapterStoreError/unknownDigest(_:)``.
    func load(digest: String) async throws -> StoredAdapter

    /// Adds a candidate. The same digest once more for the same task is the version that exists already, unchanged.
    func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?
    ) async throws -> AdapterVersion

    /// Makes a version live; the one that was live retires, both in one transaction; every daemon is told.
    /// Promoting what is live already changes nothing. Throws ``AdapterStoreError/unknownVersion(task:version:)``.
    func promote(task: String, version: Int) async throws -> AdapterVersion

    /// Marks a version as rejected. Throws ``AdapterStoreError/isLive(task:version:)`` for a live one.
    func reject(task: String, version: Int) async throws

    /// Makes the version live that was live before the present one: of the retired ones, the one promoted last. The present one
    /// becomes rejected, so a second rollback goes one further back. One transaction; every daemon is told.
    /// Throws ``AdapterStoreError/nothingToRollBackTo(task:)``.
    func rollback(task: String) async throws -> AdapterVersion
}

/// What a registry cannot do.
public enum AdapterStoreError: Error, Equatable, CustomStringConvertible {
    case unknownDigest(String)
    case unknownVersion(task: String, version: Int)
    case isLive(task: String, version: Int)
    case nothingToRollBackTo(task: String)

    public var description: String {
        switch self {
        case .unknownDigest(let digest): "the registry has no adapter with digest \(digest)"
        case .unknownVersion(let task, let version): "task \(task) has no version \(version) in the registry"
        case .isLive(let task, let version): "version \(version) of task \(task) is live: promote another one first"
        case .nothingToRollBackTo(let task): "task \(task) has no earlier live version to roll back to"
        }
    }
}

extension AdapterStore {
    /// Sees to it that a task has a live adapter: the one it has, else `first`, published and promoted.
    ///
    /// - Returns: the live version, and whether it was made live by this call.
    public func ensureLive(
        task: String, first: Adapter, metrics: [String: Double] = [:]
    ) async throws -> (version: AdapterVersion, isNew: Bool) {
        if let version = try await live(tasks: [task]).first { return (version, false) }
        let candidate = try await publish(task: task, adapter: first, metrics: metrics, parentDigest: nil)
        return (try await promote(task: task, version: candidate.version), true)
    }
}
