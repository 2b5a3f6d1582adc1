import AdapterRegistry
import BERT
import PostgresClient

/// The registry in `lorikeet.adapters`.
///
/// Every change locks the task's rows first, in the order of their versions, so that of two who promote at once the
/// second sees what the first did; and notifies `lorikeet_adapters` with the task, which PostgreSQL delivers when the
/// change is committed.
public struct PostgresAdapterStore: AdapterStore {
    private let session: PostgresSession

    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "adapters") }

    public func close() async { await session.close() }

    // MARK: - Reading

    public func versions(task: String?) async throws -> [AdapterVersion] {
        try await session.run("reading adapters") { connection in
            try AdapterRows(connection).versions(
                where: "$1::text IS NULL OR task = $1", [task.map(PostgresValue.text) ?? .null])
        }
    }

    public func live(tasks: [String]) async throws -> [AdapterVersion] {
        try await session.run("reading live adapters") { connection in
            try AdapterRows(connection).versions(where: "state = 'live' AND task = ANY ($1::text[])", [.texts(tasks)])
        }
    }

    /// - Throws: also ``DamagedAdapter`` if manifest and weights are not those of the digest.
    public func load(digest: String) async throws -> StoredAdapter {
        let stored = try await session.run("loading an adapter") { try AdapterRows($0).stored(digest: digest) }
        guard let stored else { throw AdapterStoreError.unknownDigest(digest) }
        return try stored.adapter()
    }

    // MARK: - Changing

    public func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?
    ) async throws -> AdapterVersion {
        let row = NewAdapter(task: task, adapter: adapter, metrics: metrics, parentDigest: parentDigest)
        return try await session.run("publishing an adapter") { connection in
            try connection.transaction {
                let rows = try Self.locked(task, on: connection)
                if let known = try rows.version(task: task, digest: row.digest) { return known }
                return try rows.insert(row)
            }
        }
    }

    public func promote(task: String, version: Int) async throws -> AdapterVersion {
        try await change(task, "promoting an adapter") { rows in
            guard let found = try rows.version(task: task, number: version) else {
                return .failure(.unknownVersion(task: task, version: version))
            }
            if found.state == .live { return .success(found) }
            try rows.retireLive(task: task)
            return .success(try rows.makeLive(task: task, version: version, isSuccessor: true))
        }
    }

    public func reject(task: String, version: Int) async throws {
        _ = try await change(task, "rejecting an adapter") { rows in
            guard let found = try rows.version(task: task, number: version) else {
                return .failure(.unknownVersion(task: task, version: version))
            }
            if found.state == .live { return .failure(.isLive(task: task, version: version)) }
            return .success(try rows.markRejected(task: task, version: version))
        }
    }

    public func rollback(task: String) async throws -> AdapterVersion {
        try await change(task, "rolling an adapter back") { rows in
            guard let previous = try rows.predecessor(task: task) else {
                return .failure(.nothingToRollBackTo(task: task))
            }
            try rows.rejectLive(task: task)
            return .success(try rows.makeLive(task: task, version: previous, isSuccessor: false))
        }
    }

    /// One transaction over the locked rows of a task.
    private func change(
        _ task: String, _ purpose: String,
        _ body: @escaping @Sendable (AdapterRows) throws -> Result<AdapterVersion, AdapterStoreError>
    ) async throws -> AdapterVersion {
        let result = try await session.run(purpose) { connection in
            try connection.transaction {
                try body(try Self.locked(task, on: connection))
            }
        }
        return try result.get()
    }

    /// Locks a task's rows for a change. One that is made by a retraining is made under its lease: what is lost by now
    /// promotes nothing.
    private static func locked(_ task: String, on connection: BoundedConnection) throws -> AdapterRows {
        let rows = AdapterRows(connection)
        try rows.lock(task)
        if let lease = TaskLease.current, lease.task == task { try lease.verify(on: connection) }
        return rows
    }
}

/// The registry holds something else under a digest than what had it: the rows were changed by hand, or the disk fails.
public struct DamagedAdapter: Error, Sendable, Equatable, CustomStringConvertible {
    public let digest: String
    /// What is wrong, in words.
    public let reason: String

    public var description: String { "adapter \(digest.prefix(12)) in the registry is damaged: \(reason)" }
}
