import PostgresClient
import Retraining
import Serving
import Synchronization
import Threading

/// The rows of `lorikeet.outbox` of one pipeline, for the process that holds the lease on publishing them.
///
/// What is published is read from `labels` and `rejected` when it is published, so it is what these tables say.
public final class PostgresOutbox: Outbox {
    private let pipeline: String
    private let settings: OutboxSettings
    private let session: PostgresSession
    private let lease: LeaseRow
    private let times: LeaseTimes
    private let clock: Clock

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        /// When the last successful request for the lease was sent; nil: it is not held.
        var renewed: Duration?
        var waiting = CountedRows()
    }

    private let state = Mutex(State())

    /// How long a lease on publishing lasts. After a kill, others wait for as long.
    public static let times = LeaseTimes(length: .seconds(10), heartbeat: .seconds(3), retry: .seconds(1))

    /// - Parameters:
    ///   - database: where the outbox is.
    ///   - pipeline: the pipeline's name.
    ///   - settings: what is published.
    ///   - times: of the lease.
    ///   - clock: measures the lease.
    public init(
        _ database: PostgresSettings, pipeline: String, settings: OutboxSettings,
        times: LeaseTimes = PostgresOutbox.times, clock: Clock = .system
    ) {
        (self.pipeline, self.settings, self.times, self.clock) = (pipeline, settings, times, clock)
        var database = database
        // An attempt that hangs must leave time for another.
        database.statementDeadline = min(database.statementDeadline, times.length / 2)
        database.connectTimeout = min(database.connectTimeout, times.length / 2)
        session = PostgresSession(database, name: "outbox \(pipeline)")
        lease = LeaseRow(Self.leaseName(of: pipeline), length: times.length)
    }

    /// The key of a pipeline's row in `leases`.
    static func leaseName(of pipeline: String) -> String { "publishing \(pipeline)" }

    // MARK: - Reading

    /// As ``Outbox/next(limit:omitting:)``.
    public func next(
        limit: Int, omitting omitted: Set<OutboxKind> = []
    ) async throws(ConnectorError) -> [OutboxRecord]? {
        let asked = clock.now()
        let mustTake = state.withLock { $0.renewed.map { asked - $0 >= times.heartbeat } ?? true }
        let reader = OutboxReader(pipeline: pipeline, settings: settings, omitted: omitted)
        let (lease, session) = (lease, session)
        let records = try await session.run("reading the outbox") { connection -> [OutboxRecord]? in
            guard mustTake else { return try reader.records(limit: limit, on: connection) }
            return try connection.transaction {
                if try lease.take(on: connection) != nil { return nil }
                return try reader.records(limit: limit, on: connection)
            }
        }
        if mustTake { state.withLock { $0.renewed = records == nil ? nil : asked } }
        return records
    }

    /// As ``Outbox/keep()``.
    public func keep() async -> Bool {
        let asked = clock.now()
        let lease = lease
        let renewed = try? await session.run("renewing a lease") { connection in
            try connection.transaction { try lease.renew(on: connection) }
        }
        return state.withLock { state in
            if renewed == true { state.renewed = asked }
            // While the database is unavailable nobody else can take it before it expires.
            let isHeld = renewed ?? (state.renewed.map { clock.now() - $0 < times.length } ?? false)
            if !isHeld { state.renewed = nil }
            return isHeld
        }
    }

    // MARK: - Removing

    /// As ``Outbox/remove(_:)``.
    public func remove(_ records: [OutboxRecord]) async throws(ConnectorError) {
        let parameters: [PostgresValue] = [
            .text(pipeline), .integers(records.map(\.id)), .integers(records.map(\.revision)),
        ]
        try await session.run("removing what is published") { connection in
            try connection.transaction {
                // If this is lost, the records are published again: nothing to wait for the disk for.
                try connection.execute("SELECT set_config('synchronous_commit', 'off', true)")
                try connection.execute(
                    """
                    DELETE FROM lorikeet.outbox AS o
                    USING unnest($2::bigint[], $3::bigint[]) AS k(id, revision)
                    WHERE o.pipeline = $1 AND o.id = k.id AND o.revision = k.revision
                    """, parameters)
            }
        }
    }

    /// As ``Outbox/reject(_:reason:)``.
    public func reject(_ record: OutboxRecord, reason: String) async throws(ConnectorError) {
        let key: [PostgresValue] = [.text(pipeline), .integer(record.id), .integer(record.revision)]
        let row: [PostgresValue] = [
            .text(pipeline), .text(StorableText.text(record.origin.topic)), .integer(Int64(record.origin.partition)),
            .integer(record.origin.offset), .timestamp(record.producedAt), .text(StorableText.reason(reason)),
        ]
        let kind = record.kind
        try await session.run("rejecting a record that cannot be published") { connection in
            try connection.transaction {
                let removed = try connection.execute(
                    "DELETE FROM lorikeet.outbox WHERE pipeline = $1 AND id = $2::bigint AND revision = $3::bigint",
                    key)
                guard removed.affectedRows == 1, kind == .labels else { return }
                try connection.execute(Self.insertRejected, row)
            }
        }
    }

    private static let insertRejected = """
        INSERT INTO lorikeet.rejected (
            pipeline, topic, "partition", "offset", produced_at, message_key, stage, reason,
            traceparent)
        SELECT $1, $2, $3::integer, $4::bigint, $5, l.message_key, 'publish', $6, l.traceparent
        FROM (SELECT) AS record
        LEFT JOIN LATERAL (
            SELECT x.message_key, x.traceparent FROM lorikeet.labels AS x
            WHERE x.pipeline = $1 AND x.topic = $2 AND x."partition" = $3::integer AND x."offset" = $4::bigint
                AND x.produced_at = $5
            LIMIT 1) AS l ON true
        ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO NOTHING
        """

    // MARK: - Looking at it

    /// As ``Outbox/depth()``. A large outbox is counted less often: counting takes at most a tenth of the time.
    public func depth() async throws(ConnectorError) -> OutboxDepth {
        let now = clock.now()
        let isDue = state.withLock { $0.waiting.isDue(at: now) }
        let parameters: [PostgresValue] = [.text(pipeline), settings.kindsParameter]
        let (rows, age) = try await session.run("measuring the outbox") { connection in
            let age = try connection.execute(
                """
                SELECT extract(epoch FROM clock_timestamp() - stored_at)::double precision AS age
                FROM lorikeet.outbox WHERE pipeline = $1 AND kind = ANY ($2::text[]) ORDER BY id LIMIT 1
                """, parameters
            ).first?.double("age")
            guard isDue else { return (nil as Int?, age) }
            let result = try connection.execute(
                "SELECT count(*) AS rows FROM lorikeet.outbox WHERE pipeline = $1 AND kind = ANY ($2::text[])",
                parameters)
            return (Int(try result.first?.integer("rows") ?? 0), age)
        }
        let counted = state.withLock { state in
            if let rows { state.waiting.set(rows, from: now, to: clock.now()) }
            return age == nil ? 0 : state.waiting.rows
        }
        return OutboxDepth(rows: counted, oldestAge: .seconds(max(0, age ?? 0)))
    }

    /// Host and process that publish the pipeline's records now, for a person; nil: nobody does.
    public func publisher() async throws(ConnectorError) -> String? {
        let name = PostgresValue.text(Self.leaseName(of: pipeline))
        return try await session.run("reading a lease") { connection in
            try connection.execute(
                "SELECT holder FROM lorikeet.leases WHERE name = $1 AND expires_at > clock_timestamp()", [name]
            ).first?.text("holder")
        }
    }

    /// As ``Outbox/close()``. If the lease cannot be released, it expires.
    public func close() async {
        let isHeld = state.withLock { state in
            defer { state.renewed = nil }
            return state.renewed != nil
        }
        let lease = lease
        if isHeld {
            try? await session.run("releasing a lease") { connection in
                try connection.transaction { try lease.release(on: connection) }
            }
        }
        await session.close()
    }
}
