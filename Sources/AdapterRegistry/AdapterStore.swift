import BERT
import Drift

/// Stores every version of every task's adapter, and knows which of them is live.
///
/// Requests that cannot be met throw ``AdapterStoreError``. Any other error means that the store is unavailable.
public protocol AdapterStore: Sendable {
    /// The versions of one task, or of all tasks, ordered by task and version.
    func versions(task: String?) async throws -> [AdapterVersion]

    /// A number that grows with every change of a version or its state, at the latest when the change is committed;
    /// nil if the store does not know. It is read before the versions: then they are at least as new.
    func revision() async throws -> Int64?

    /// The live versions of these tasks. A task without one is missing from the result.
    func live(tasks: [String]) async throws -> [AdapterVersion]

    /// The versions of these tasks that are in shadow, at most one of each task.
    func shadows(tasks: [String]) async throws -> [AdapterVersion]

    /// The adapter with this digest, of any task and in any state. Throws ``AdapterStoreError/unknownDigest(_:)``,
    /// ``AdapterStoreError/pruned(digest:)`` if its weights were removed, or ``DamagedAdapter``.
    func load(digest: String) async throws -> StoredAdapter

    /// The rows that the adapter with this digest was trained on; nil if they are unknown. Throws ``DamagedAdapter`` if
    /// they cannot be read: then they must not count as unknown, or the adapter would be judged by rows that it was
    /// trained on. Serving needs none.
    func trainingRows(digest: String) async throws -> TrainingRowSet?

    /// Adds a candidate. If the task already has a version with this digest, that one is returned. It stays as it is,
    /// except that training rows are added if none are known of it, and weights if they were removed.
    ///
    /// - Parameter trainingRows: nil: unknown.
    func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?,
        trainingRows: TrainingRowSet?
    ) async throws -> AdapterVersion

    /// Stores over which types of the base a version was accepted: before it goes live or into shadow. Throws
    /// ``AdapterStoreError/unknownVersion(task:version:)``.
    @discardableResult
    func accept(task: String, version: Int, over precision: BasePrecision) async throws -> AdapterVersion

    /// Makes a version live and retires the live one, in one transaction, and notifies every daemon. If the version is
    /// already live, it stays as it is. Another version that is in shadow is rejected. Throws
    /// ``AdapterStoreError/unknownVersion(task:version:)``, or ``AdapterStoreError/pruned(digest:)``.
    ///
    /// - Parameter expected: as for each change that has it: where it does not hold in the same transaction, nothing
    ///   changes, and ``AdapterStoreError/hasChanged(task:)`` is thrown; nil: whatever the versions are.
    func promote(
        task: String, version: Int, _ promotion: Promotion, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion

    /// Lets a version label beside the live one, and notifies every daemon. Another version that is in shadow is
    /// rejected. If the version is already in shadow on these terms, nothing changes. Throws
    /// ``AdapterStoreError/unknownVersion(task:version:)``, ``AdapterStoreError/isLive(task:version:)`` or
    /// ``AdapterStoreError/pruned(digest:)``.
    func startShadow(
        task: String, version: Int, _ terms: ShadowTerms, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion

    /// Makes a version that is in shadow a candidate again, and notifies every daemon. Does nothing to a version that
    /// is not in shadow.
    func endShadow(task: String, version: Int, expecting expected: ExpectedVersions?) async throws

    /// Marks a version as rejected. Throws ``AdapterStoreError/isLive(task:version:)`` for a live one.
    func reject(task: String, version: Int, expecting expected: ExpectedVersions?) async throws

    /// Rejects the live version and one that is in shadow, and makes the one live that was promoted last before it, in
    /// one transaction, and notifies every daemon. A second rollback goes one version further back. Throws
    /// ``AdapterStoreError/nothingToRollBackTo(task:)``.
    func rollback(task: String, _ promotion: Promotion) async throws -> AdapterVersion
}

/// A request that the adapter store cannot meet.
public enum AdapterStoreError: Error, Equatable, CustomStringConvertible {
    /// No adapter has this digest.
    case unknownDigest(String)
    /// The task has no such version.
    case unknownVersion(task: String, version: Int)
    /// A live version cannot be rejected.
    case isLive(task: String, version: Int)
    /// No earlier version of the task was live.
    case nothingToRollBackTo(task: String)
    /// The weights of the version were removed.
    case pruned(digest: String)
    /// The versions are not what a decision was based on.
    case hasChanged(task: String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .unknownDigest(let digest): "the adapter store has no adapter with digest \(digest)"
        case .unknownVersion(let task, let version): "task \(task) has no version \(version) in the adapter store"
        case .isLive(let task, let version): "version \(version) of task \(task) is live: promote another version first"
        case .nothingToRollBackTo(let task): "task \(task) has no earlier live version to roll back to"
        case .pruned(let digest):
            "the weights of adapter \(digest.prefix(12)) were removed by `lorikeet adapters prune`: import its folder "
                + "again, or take another version"
        case .hasChanged(let task): "the versions of task \(task) have changed since the decision was made"
        }
    }
}

extension AdapterStore {
    /// Makes a version live, whatever the versions are.
    public func promote(task: String, version: Int, _ promotion: Promotion) async throws -> AdapterVersion {
        try await promote(task: task, version: version, promotion, expecting: nil)
    }

    /// Lets a version label beside the live one, whatever the versions are.
    public func startShadow(task: String, version: Int, _ terms: ShadowTerms) async throws -> AdapterVersion {
        try await startShadow(task: task, version: version, terms, expecting: nil)
    }

    /// Makes a version that is in shadow a candidate again, whatever the versions are.
    public func endShadow(task: String, version: Int) async throws {
        try await endShadow(task: task, version: version, expecting: nil)
    }

    /// Marks a version as rejected, whatever the versions are.
    public func reject(task: String, version: Int) async throws {
        try await reject(task: task, version: version, expecting: nil)
    }

    /// Publishes and promotes `first` if the task has no live adapter.
    ///
    /// - Parameter reference: the drift reference of `first`; nil: it has none.
    /// - Returns: the live version, and whether this call made it live.
    public func ensureLive(
        task: String, first: Adapter, trainingRows: TrainingRowSet? = nil, reference: DriftReference? = nil
    ) async throws -> (version: AdapterVersion, isNew: Bool) {
        if let version = try await live(tasks: [task]).first { return (version, false) }
        let candidate = try await publish(
            task: task, adapter: first, metrics: [:], parentDigest: nil, trainingRows: trainingRows)
        // Before the promotion: daemons read it when they take the adapter in use.
        if let reference { try await (self as? any DriftReferenceStore)?.store(reference) }
        let promotion = Promotion(by: "pipeline file", reason: "the first adapter of the task")
        return (try await promote(task: task, version: candidate.version, promotion), true)
    }
}
