import AdapterRegistry
import BERT
import PostgresClient

/// The adapter store in `lorikeet.adapters`.
///
/// Every change first locks the task's rows, in the order of their versions, so that of two concurrent promotions the
/// second sees the first. It notifies `lorikeet_adapters` with the task; PostgreSQL delivers that at COMMIT.
public struct PostgresAdapterStore: AdapterStore, Closable {
    let session: PostgresSession

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "adapters") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    // MARK: - Reading

    /// All versions, or those of one task, by task and version.
    public func versions(task: String?) async throws -> [AdapterVersion] {
        try await session.run("reading adapters") { connection in
            try AdapterRows(connection).versions(
                where: "$1::text IS NULL OR task = $1", [task.map(PostgresValue.text) ?? .null])
        }
    }

    /// How often versions have changed. Daemons ask every second, so it is one row, however many adapters there are.
    public func revision() async throws -> Int64? {
        try await session.run("reading whether adapters have changed") { connection in
            try connection.execute("SELECT revision FROM lorikeet.adapter_changes").first?.integer("revision")
        }
    }

    /// The live version of each of these tasks that has one.
    public func live(tasks: [String]) async throws -> [AdapterVersion] {
        try await session.run("reading live adapters") { connection in
            try AdapterRows(connection).versions(where: "state = 'live' AND task = ANY ($1::text[])", [.texts(tasks)])
        }
    }

    /// Reads manifest and weights of a version.
    ///
    /// - Throws: also ``DamagedAdapter`` if manifest and weights do not have the digest that they are stored under.
    public func load(digest: String) async throws -> StoredAdapter {
        let stored = try await session.run("loading an adapter") { try AdapterRows($0).stored(digest: digest) }
        guard let stored else { throw AdapterStoreError.unknownDigest(digest) }
        if stored.version.isPruned { throw AdapterStoreError.pruned(digest: digest) }
        return try stored.adapter()
    }

    /// As ``AdapterStore/trainingRows(digest:)``.
    public func trainingRows(digest: String) async throws -> TrainingRowSet? {
        let stored = try await session.run("reading training rows") { try AdapterRows($0).trainingRows(digest: digest) }
        guard let stored else { return nil }
        let range = stored.range.flatMap { TrainingRowRange(json: Array($0.utf8)) }
        guard let rows = range.flatMap({ TrainingRowSet(bytes: stored.bytes, range: $0) }) else {
            throw DamagedAdapter(digest: digest, reason: "training_rows does not have the digest it should")
        }
        return rows
    }

    /// The manifest of a version, also of one whose weights were removed.
    public func manifest(of version: AdapterVersion) async throws -> AdapterManifest {
        let text = try await session.run("reading a manifest") { connection in
            try AdapterRows(connection).manifest(task: version.task, version: version.version)
        }
        guard let text else { throw AdapterStoreError.unknownVersion(task: version.task, version: version.version) }
        do { return try AdapterManifest(json: Array(text.utf8)) } catch {
            throw DamagedAdapter(digest: version.digest, reason: "\(error)")
        }
    }

    /// Every time that a version went live, the oldest first: `lorikeet.promotions`, which only a trigger writes. Of
    /// the time before there was that table, the last one of each version.
    public func promotions(task: String, version: Int) async throws -> [PastPromotion] {
        try await session.run("reading promotions") { connection in
            let result = try connection.execute(
                """
                SELECT \(ExactTime.column("promoted_at")), promoted_by, reason FROM lorikeet.promotions
                WHERE task = $1 AND version = $2::bigint ORDER BY id
                """, [.text(task), .integer(Int64(version))])
            return try result.rows.map { row in
                let by = try row.optionalText("promoted_by")
                let reason = try row.optionalText("reason") ?? ""
                return PastPromotion(
                    date: try ExactTime.date(row, "promoted_at"),
                    promotion: by.map { Promotion(by: $0, reason: reason) })
            }
        }
    }

    // MARK: - Changing

    /// Removes the weights of old versions of a task: of those that are retired or rejected, all but the newest.
    ///
    /// Never those of the live version, of candidates, and of the version that a rollback would make live. Everything
    /// else that is known of a version stays.
    ///
    /// - Parameters:
    ///   - count: how many retired and rejected versions keep their weights.
    ///   - isDryRun: changes nothing.
    /// - Returns: the versions without weights, as they are afterwards; as they are now in a dry run.
    public func prune(task: String, keeping count: Int, isDryRun: Bool) async throws -> [AdapterVersion] {
        try await session.run("pruning adapters") { connection in
            try connection.transaction {
                let rows = try Self.locked(task, on: connection)
                let prunable = try rows.prunable(task: task, keeping: count)
                return isDryRun
                    ? prunable : try prunable.map { try rows.removeWeights(task: task, version: $0.version) }
            }
        }
    }

    /// Stores an adapter as the task's next version, a candidate; returns the existing version if it is stored already.
    public func publish(
        task: String, adapter: Adapter, metrics: [String: Double], parentDigest: String?,
        trainingRows: TrainingRowSet?
    ) async throws -> AdapterVersion {
        let row = NewAdapter(
            task: task, adapter: adapter, metrics: metrics, parentDigest: parentDigest, trainingRows: trainingRows)
        return try await session.run("publishing an adapter") { connection in
            try connection.transaction {
                let rows = try Self.locked(task, on: connection)
                if let known = try rows.version(task: task, digest: row.digest) {
                    return try rows.complete(known, from: row)
                }
                return try rows.insert(row)
            }
        }
    }

    /// Stores over which types of the base a version was accepted.
    @discardableResult
    public func accept(task: String, version: Int, over precision: BasePrecision) async throws -> AdapterVersion {
        let dtype = precision.description
        return try await change(task, version, "storing a precision", expecting: nil) { rows, found in
            if found.acceptedDtype == dtype { return .success(found) }
            return .success(try rows.accept(task: task, version: version, over: dtype))
        }
    }

    /// Makes a version live and retires the live one. A live version stays as it is. Another version that is in shadow
    /// is rejected.
    public func promote(
        task: String, version: Int, _ promotion: Promotion, expecting expected: ExpectedVersions?
    ) async throws -> AdapterVersion {
        try await change(task, version, "promoting an adapter", expecting: expected) { rows, found in
            if found.isPruned { return .failure(.pruned(digest: found.digest)) }
            try rows.rejectShadow(task: task, except: version)
            if found.state == .live { return .success(found) }
            try rows.retireLive(task: task)
            return .success(try rows.makeLive(task: task, version: version, promotion, isSuccessor: true))
        }
    }

    /// Marks a version as rejected.
    ///
    /// - Throws: also if it is live.
    public func reject(task: String, version: Int, expecting expected: ExpectedVersions?) async throws {
        _ = try await change(task, version, "rejecting an adapter", expecting: expected) { rows, found in
            if found.state == .live { return .failure(.isLive(task: task, version: version)) }
            return .success(try rows.markRejected(task: task, version: version))
        }
    }

    /// Makes the version live that was live before, and rejects the live one and one that is in shadow.
    public func rollback(task: String, _ promotion: Promotion) async throws -> AdapterVersion {
        try await change(task, "rolling an adapter back") { rows in
            guard let previous = try rows.predecessor(task: task) else {
                return .failure(.nothingToRollBackTo(task: task))
            }
            try rows.rejectShadow(task: task, except: nil)
            try rows.rejectLive(task: task)
            return .success(try rows.makeLive(task: task, version: previous, promotion, isSuccessor: false))
        }
    }

    /// Runs the body with a version in one transaction that has locked the task's rows, if they are as expected.
    func change(
        _ task: String, _ version: Int, _ purpose: String, expecting expected: ExpectedVersions?,
        _ body: @escaping @Sendable (AdapterRows, AdapterVersion) throws -> Result<AdapterVersion, AdapterStoreError>
    ) async throws -> AdapterVersion {
        try await change(task, purpose) { rows in
            guard let found = try rows.version(task: task, number: version) else {
                return .failure(.unknownVersion(task: task, version: version))
            }
            if let expected, !expected.hold(found, live: try rows.live(task: task)) {
                return .failure(.hasChanged(task: task))
            }
            return try body(rows, found)
        }
    }

    /// Runs the body in one transaction that has locked the task's rows.
    func change(
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

    /// Locks a task's rows for a change. A retraining changes them under its lease: one that is lost by now changes
    /// nothing.
    private static func locked(_ task: String, on connection: BoundedConnection) throws -> AdapterRows {
        let rows = AdapterRows(connection)
        try rows.lock(task)
        if let lease = TaskLease.current, lease.task == task { try lease.verify(on: connection) }
        return rows
    }
}
