import FoundationEssentials
import Glibc
import Logging
import PostgresClient
import Retraining
import Serving
import Threading

/// Labelled rows from `lorikeet.annotations` or from the user's own SELECT, and the journal of runs in
/// `lorikeet.retrainings`.
public struct PostgresLabelledRowSource: LabelledRowSource, Closable {
    private let settings: PostgresSettings
    let selection: LabelledRowSelection
    private let lease: LeaseTimes
    private let clock: Clock
    let session: PostgresSession
    /// How long a statement may take that reads `labels`.
    private static let patience = Duration.seconds(600)

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

    /// The newest rows of a task, at most `limit`, oldest first.
    public func rows(task: String, limit: Int) async throws -> [LabelledRow] {
        try await session.run("reading labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection).rows(task: task, limit: limit)
        }
    }

    /// The newest stored texts of a task, the newest first.
    ///
    /// Labels are indexed by time in large blocks, so it looks at the last day, week and month before it reads all.
    public func recentTexts(task: String, limit: Int) async throws -> [String] {
        try await session.run("reading texts of the stream") { connection in
            for days in [1, 7, 30, nil] as [Int64?] {
                let rows = try connection.execute(
                    """
                    SELECT text FROM lorikeet.labelled_texts
                    WHERE task = $1 AND text IS NOT NULL
                        AND ($3::bigint IS NULL OR labelled_at >= statement_timestamp() - $3 * interval '1 day')
                    ORDER BY labelled_at DESC, topic, "partition", "offset" DESC LIMIT $2::bigint
                    """,
                    [.text(task), .integer(Int64(max(0, limit))), days.map(PostgresValue.integer) ?? .null],
                    within: Self.patience
                ).rows
                if days == nil || rows.count >= limit { return try rows.map { try $0.text("text") } }
            }
            return []
        }
    }

    /// How many of the rows that a retraining would read have the same labels: the most frequent labels, at most 10,000
    /// different ones.
    public func labelGroups(task: String) async throws -> [LabelCensus.Group] {
        try await session.runCancellable("counting labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection)
                .groups(task: task, limit: selection.maximumRows)
        }
    }

    /// The same for several tasks. With annotations it takes one statement, however many tasks there are; a query of
    /// the user's is run per task.
    public func labelGroups(tasks: [String]) async throws -> [String: [LabelCensus.Group]] {
        try await session.runCancellable("counting labelled rows") { connection in
            try LabelledRowReader(selection: selection, connection: connection)
                .groups(tasks: tasks, limit: selection.maximumRows)
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

    /// Whether the query reads what the daemon has written.
    ///
    /// - Throws: what is wrong with the query.
    public func remark(task: String) async throws(ConnectorError) -> String? {
        guard selection.query != nil else { return nil }
        let plan = try await plan(task: task)
        guard plan.contains(" on lorikeet.labels") else { return nil }
        let texts =
            plan.contains(" on lorikeet.messages")
            ? "its texts are fine, but" : "its texts are in the view lorikeet.labelled_texts, and"
        return "reads lorikeet.labels: \(texts) a label that the daemon gave is nothing to train on"
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
}
