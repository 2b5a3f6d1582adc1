import FoundationEssentials
import Glibc
import Logging
import PostgresClient
import Retraining
import Serving
import Threading

/// Labelled rows from `lorikeet.annotations` or from the user's own SELECT, and the journal of runs in
/// `lorikeet.retrainings`.
public struct PostgresLabelledRowSource: LabelledRowSource, RetrainingJournal {
    private let settings: PostgresSettings
    private let selection: LabelledRowSelection
    private let lease: LeaseTimes
    private let clock: Clock
    private let session: PostgresSession

    /// - Parameters:
    ///   - settings: the database.
    ///   - selection: which rows there are to train on.
    ///   - lease: how long the lease of ``withLock(task:_:)`` lasts.
    ///   - clock: for renewing the lease.
    public init(
        _ settings: PostgresSettings, selection: LabelledRowSelection = LabelledRowSelection(),
        lease: LeaseTimes = LeaseTimes(), clock: Clock = .system
    ) {
        (self.settings, self.selection, self.lease, self.clock) = (settings, selection, lease, clock)
        session = PostgresSession(settings, name: "labelled rows")
    }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    /// The rows added since the task's last finished retraining started; all of them if there was none.
    ///
    /// The database compares, so that neither this machine's clock nor rounding matters. A failed retraining does not
    /// count, because it used no rows.
    public func newRowsSinceLastRetraining(task: String) async throws(ConnectorError) -> Int {
        try await session.run("counting labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection).newRows(task: task)
        }
    }

    /// The newest rows of a task, at most `limit`, oldest first.
    public func rows(task: String, limit: Int) async throws -> [LabelledRow] {
        try await session.run("reading labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection).rows(task: task, limit: limit)
        }
    }

    /// How many of the rows that a retraining would read have the same labels: the most frequent labels, at most 10,000
    /// different ones.
    public func labelGroups(task: String) async throws(ConnectorError) -> [LabelCensus.Group] {
        try await session.run("counting labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection)
                .groups(task: task, limit: selection.maximumRows)
        }
    }

    /// How the database would read the rows of a task, without reading any: `EXPLAIN (VERBOSE)`.
    ///
    /// - Throws: what is wrong with the query.
    public func plan(task: String) async throws(ConnectorError) -> String {
        try await session.run("planning the query of labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection).plan(task: task)
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
