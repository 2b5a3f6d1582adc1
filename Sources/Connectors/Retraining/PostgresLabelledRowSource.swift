import FoundationEssentials
import Glibc
import Logging
import PostgresClient
import Retraining
import Serving
import Threading

/// Labelled rows from `lorikeet.annotations`, and the journal of runs in `lorikeet.retrainings`.
public struct PostgresLabelledRowSource: LabelledRowSource {
    private let settings: PostgresSettings
    private let lease: LeaseTimes
    private let clock: Clock
    let session: PostgresSession

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
