import FoundationEssentials
import Glibc
import Logging
import PostgresClient
import Retraining
import Serving
import Threading

/// Labelled rows from `lorikeet.annotations`, and the journal of runs in `lorikeet.retrainings`.
public struct PostgresLabelledRowSource: LabelledRowSource, RetrainingJournal {
    private let settings: PostgresSettings
    private let lease: LeaseTimes
    private let clock: Clock
    private let session: PostgresSession

    /// - Parameters:
    ///   - settings: the database.
    ///   - lease: how long the lease of ``withLock(task:_:)`` lasts.
    ///   - clock: for renewing the lease.
    public init(_ settings: PostgresSettings, lease: LeaseTimes = LeaseTimes(), clock: Clock = .system) {
        (self.settings, self.lease, self.clock) = (settings, lease, clock)
        session = PostgresSession(settings, name: "labelled rows")
    }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    /// The rows added since the task's last finished retraining started; all of them if there was none.
    ///
    /// The database compares, so that neither this machine's clock nor rounding matters. A failed retraining does not
    /// count, because it used no rows.
    public func newRowsSinceLastRetraining(task: String) async throws(ConnectorError) -> Int {
        try await count(
            """
            SELECT count(*) AS rows FROM lorikeet.annotations
            WHERE task = $1 AND created_at > coalesce(
                (SELECT max(started_at) FROM lorikeet.retrainings
                 WHERE task = $1 AND verdict IN ('promoted', 'rejected')), '-infinity')
            """, [.text(task)])
    }

    /// The newest rows of a task, at most `limit`, oldest first.
    public func rows(task: String, limit: Int) async throws -> [LabelledRow] {
        try await session.run("reading annotations") { connection in
            let result = try connection.execute(
                """
                SELECT id, text, label, labels, \(ExactTime.column("created_at")) FROM (
                    SELECT id, text, label, labels, created_at FROM lorikeet.annotations
                    WHERE task = $1 ORDER BY created_at DESC, id DESC LIMIT $2::bigint
                ) AS newest ORDER BY newest.created_at, id
                """, [.text(task), .integer(Int64(max(0, limit)))], within: .seconds(600))
            return try result.rows.map { row in
                let (id, text, createdAt) = (
                    try row.integer("id"), try row.text("text"), try ExactTime.date(row, "created_at")
                )
                guard let label = try row.optionalText("label") else {
                    let labels = try row.texts("labels").compactMap(\.self)
                    return LabelledRow(id: id, text: text, labels: labels, createdAt: createdAt)
                }
                return LabelledRow(id: id, text: text, label: label, createdAt: createdAt)
            }
        }
    }

    /// The latest retraining of a task.
    public func lastRetraining(task: String) async throws -> RetrainingRecord? {
        try await session.run("reading retrainings") { connection in
            let result = try connection.execute(
                """
                SELECT \(RetrainingRecord.columns) FROM lorikeet.retrainings AS r WHERE task = $1
                ORDER BY r.started_at DESC, id DESC LIMIT 1
                """, [.text(task)])
            return try result.first.map(RetrainingRecord.init)
        }
    }

    /// Retrainings, the newest first; of one task, or of all.
    public func retrainings(task: String? = nil, limit: Int = 100) async throws(ConnectorError) -> [RetrainingRecord] {
        try await session.run("reading retrainings") { connection in
            let result = try connection.execute(
                """
                SELECT \(RetrainingRecord.columns) FROM lorikeet.retrainings AS r WHERE $1::text IS NULL OR task = $1
                ORDER BY r.started_at DESC, id DESC LIMIT $2::bigint
                """, [task.map(PostgresValue.text) ?? .null, .integer(Int64(max(0, limit)))])
            return try result.rows.map(RetrainingRecord.init)
        }
    }

    /// Records the start of a retraining.
    ///
    /// - Returns: its id.
    public func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64 {
        try await session.run("recording a retraining") { connection in
            let result = try connection.transaction {
                // Only one process retrains a task: a retraining without an end was interrupted.
                try connection.execute(
                    """
                    UPDATE lorikeet.retrainings SET finished_at = clock_timestamp(), verdict = 'failed',
                        reason = 'the process ended without a verdict'
                    WHERE task = $1 AND finished_at IS NULL
                    """, [.text(task)])
                return try connection.execute(
                    "INSERT INTO lorikeet.retrainings (task, trigger, champion) VALUES ($1, $2, $3) RETURNING id",
                    [.text(task), .text(trigger.rawValue), champion.map(PostgresValue.text) ?? .null])
            }
            guard let row = result.first else {
                throw ConnectorError(action: .stop, reason: "a retraining was not recorded")
            }
            return try row.integer("id")
        }
    }

    /// Records how a retraining ended.
    public func finish(
        _ id: Int64, verdict: RetrainingVerdict, reason: String, rowsUsed: Int, challenger: String?
    ) async throws {
        try await session.run("recording a retraining") { connection in
            let result = try connection.transaction {
                try connection.execute(
                    """
                    UPDATE lorikeet.retrainings
                    SET finished_at = clock_timestamp(), verdict = $2, reason = $3, rows_used = $4::bigint,
                        challenger = $5
                    WHERE id = $1
                    """,
                    [
                        .integer(id), .text(verdict.rawValue), .text(StorableText.text(reason)),
                        .integer(Int64(rowsUsed)), challenger.map(PostgresValue.text) ?? .null,
                    ])
            }
            if result.affectedRows != 1 { throw ConnectorError(action: .stop, reason: "there is no retraining \(id)") }
        }
    }

    /// Runs the body under a lease in `lorikeet.leases`, renewed meanwhile. Adapters that ``PostgresAdapterStore``
    /// changes within it are changed only while the lease holds.
    public func withLease<Value: Sendable>(
        task: String, _ body: @Sendable (any RetrainingLease) async throws -> Value
    ) async throws -> Exclusive<Value> {
        switch try await TaskLease.acquire(task: task, settings, times: lease, clock: clock) {
        case .held(let holder): return .held(by: holder)
        case .ran(let lease):
            let heartbeat = Task { await lease.keepAlive() }
            let result: Result<Value, any Error>
            do {
                result = .success(try await TaskLease.$current.withValue(lease) { try await body(lease) })
            } catch {
                result = .failure(error)
            }
            heartbeat.cancel()
            await heartbeat.value
            await lease.release()
            return .ran(try result.get())
        }
    }

    /// Releases the lease of a process of this machine that ended without doing so.
    public func releaseLease(task: String, ofEndedProcess process: pid_t) async throws(ConnectorError) {
        let parameters: [PostgresValue] = [.text(TaskLease.name(of: task)), .text(TaskLease.holder(process: process))]
        try await session.run("releasing a lease") { connection in
            _ = try connection.transaction {
                try connection.execute("DELETE FROM lorikeet.leases WHERE name = $1 AND holder = $2", parameters)
            }
        }
    }

    private func count(_ sql: String, _ parameters: [PostgresValue]) async throws(ConnectorError) -> Int {
        try await session.run("counting rows") { connection in
            Int(try connection.execute(sql, parameters).first?.integer("rows") ?? 0)
        }
    }
}

extension RetrainingRecord {
    fileprivate static let columns =
        "id, task, trigger, rows_used, champion, challenger, verdict, reason, "
        + ExactTime.column("started_at") + ", " + ExactTime.column("finished_at")

    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.integer("id"), task: try row.text("task"),
            // A trigger that only a newer program knows counts as a command.
            trigger: RetrainingTrigger(rawValue: try row.text("trigger")) ?? .command,
            startedAt: try ExactTime.date(row, "started_at"),
            finishedAt: try ExactTime.optionalDate(row, "finished_at"),
            rowsUsed: Int(try row.integer("rows_used")), champion: try row.optionalText("champion"),
            challenger: try row.optionalText("challenger"),
            verdict: try row.optionalText("verdict").flatMap(RetrainingVerdict.init),
            reason: try row.optionalText("reason"))
    }
}
