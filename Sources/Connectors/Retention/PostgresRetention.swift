import PostgresClient
import Retraining
import Serving
import Threading

/// Deletes the rows of one pipeline that are older than its policy says.
///
/// One process does it at a time, under a lease in `lorikeet.leases`. It deletes a bounded number of rows per
/// transaction, skips rows that others have locked, and rests after each transaction for as long as its share of the
/// time says: so the sink never waits for it. Annotations are not touched, and neither is any row of a record that
/// waits in the outbox.
public struct PostgresRetention: Closable {
    private let session: PostgresSession
    private let pipeline: String
    private let policy: RetentionPolicy
    private let pace: Pace
    private let lease: LeaseRow
    private let clock: Clock

    /// How much is deleted at once, and how much of the time.
    public struct Pace: Sendable {
        /// Rows per transaction.
        public var rows: Int
        /// Of the time, from 0 to 1; the rest is a pause.
        public var share: Double

        /// - Parameters: as the properties.
        public init(rows: Int = 2000, share: Double = 0.2) { (self.rows, self.share) = (rows, share) }
    }

    /// How long a lease lasts. Each transaction renews it.
    static let leaseLength = Duration.seconds(60)
    /// For statements that read a whole partition or count all old rows.
    private static let patience = Duration.seconds(600)

    /// - Parameters:
    ///   - settings: the database.
    ///   - pipeline: whose rows.
    ///   - policy: how long they are kept.
    ///   - pace: how fast they are deleted.
    ///   - clock: measures the pauses; ages are measured by the database's clock.
    public init(
        _ settings: PostgresSettings, pipeline: String, policy: RetentionPolicy, pace: Pace = Pace(),
        clock: Clock = .system
    ) {
        session = PostgresSession(settings, name: "retention \(pipeline)")
        (self.pipeline, self.policy, self.pace, self.clock) = (pipeline, policy, pace, clock)
        lease = LeaseRow(Self.leaseName(of: pipeline), length: Self.leaseLength)
    }

    /// The key of a pipeline's row in `leases`.
    static func leaseName(of pipeline: String) -> String { "retention \(pipeline)" }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    // MARK: - Looking

    /// How many rows ``enforce(_:)`` would delete, by table; those of whole partitions are counted as well.
    public func oldRows() async throws -> [RetentionTable: Int] {
        let (pipeline, limits) = (pipeline, policy.limits)
        return try await session.runCancellable("counting old rows") { connection in
            var rows: [RetentionTable: Int] = [:]
            for (table, age) in limits {
                let isMonthly = try Self.isMonthly(table, on: connection)
                let counted = try connection.execute(
                    table.count(isMonthly: isMonthly), [.text(pipeline), .double(age.inSeconds)],
                    within: Self.patience)
                rows[table] = Int(try counted.first?.integer("rows") ?? 0)
            }
            return rows
        }
    }

    // MARK: - Deleting

    /// Deletes the old rows, the oldest first.
    ///
    /// - Parameter progress: called after each transaction with the rows that it deleted.
    /// - Returns: the deleted rows by table, or who else deletes rows of this pipeline.
    public func enforce(
        _ progress: @Sendable (RetentionTable, Int) -> Void = { _, _ in }
    ) async throws -> Exclusive<[RetentionTable: Int]> {
        if let holder = try await take() { return .held(by: holder) }
        let result: Result<Exclusive<[RetentionTable: Int]>, any Error>
        do {
            result = .success(.ran(try await deleteAll(progress)))
        } catch let error as LeaseTaken {
            result = .success(.held(by: error.holder))
        } catch {
            result = .failure(error)
        }
        let lease = lease
        try? await session.run("releasing a lease") { connection in
            try connection.transaction { try lease.release(on: connection) }
        }
        return try result.get()
    }

    /// A table whose partition cannot be locked now does not keep the others from their turn.
    private func deleteAll(_ progress: @Sendable (RetentionTable, Int) -> Void) async throws -> [RetentionTable: Int] {
        var deleted: [RetentionTable: Int] = [:]
        var obstacle: ConnectorError?
        for (table, age) in policy.limits {
            do {
                deleted[table] = try await delete(from: table, olderThan: age) { progress(table, $0) }
            } catch let error as ConnectorError where error.cause == Self.lockNotAvailable {
                obstacle = error
            }
        }
        if let obstacle { throw obstacle }
        return deleted
    }

    private static let lockNotAvailable = "55P03"

    /// Another process took the lease, after this one was suspended for longer than it lasts.
    private struct LeaseTaken: Error { let holder: LeaseHolder }

    private func take() async throws(ConnectorError) -> LeaseHolder? {
        let lease = lease
        return try await session.run("taking a lease") { connection in
            try connection.transaction { try lease.take(on: connection) }
        }
    }

    private func delete(
        from table: RetentionTable, olderThan age: Duration, progress: (Int) -> Void
    ) async throws -> Int {
        let isMonthly = try await session.run("reading partitions") { try Self.isMonthly(table, on: $0) }
        var deleted = isMonthly ? try await dropPartitions(of: table, olderThan: age, progress: progress) : 0
        for task in try await tasks(of: table) {
            var from = "-infinity"
            while true {
                let start = from
                let part = try await step { connection in
                    try deletePart(of: table, task: task, age, from: start, isMonthly: isMonthly, on: connection)
                }
                if part.rows > 0 { progress(part.rows) }
                deleted += part.rows
                guard part.rows == pace.rows, let newest = part.newest else { break }
                from = newest
            }
        }
        return deleted
    }

    private func deletePart(
        of table: RetentionTable, task: String?, _ age: Duration, from: String, isMonthly: Bool,
        on connection: BoundedConnection
    ) throws -> (rows: Int, newest: String?) {
        let parameters: [PostgresValue] = [
            .text(pipeline), .double(age.inSeconds), .integer(Int64(pace.rows)), .text(from),
        ]
        try connection.execute(RetentionTable.findsByKey)
        let row = try connection.execute(
            table.delete(isMonthly: isMonthly), parameters + (task.map { [.text($0)] } ?? [])
        ).first
        return (Int(try row?.integer("rows") ?? 0), try row?.optionalText("newest"))
    }

    /// The tasks whose rows are read one after the other; one nil where the table is not read by task.
    private func tasks(of table: RetentionTable) async throws -> [String?] {
        guard table.isReadByTask else { return [nil] }
        return try await session.run("reading the tasks of labels") { connection in
            try connection.execute(RetentionTable.tasks).rows.map { try $0.text("name") }
        }
    }

    /// Drops the partitions of months that are over for so long, if they hold no other rows.
    private func dropPartitions(
        of table: RetentionTable, olderThan age: Duration, progress: (Int) -> Void
    ) async throws -> Int {
        let seconds = PostgresValue.double(age.inSeconds)
        let names = try await session.run("reading partitions") { connection in
            try connection.execute(RetentionTable.partitions, [.text(table.rawValue), seconds]).rows
                .map { try $0.text("name") }
        }
        var dropped = 0
        for name in names {
            // Without the lease's row locked: this may take long, and the function locks what it needs.
            if let holder = try await take() { throw LeaseTaken(holder: holder) }
            let parameters: [PostgresValue] = [.text(name), .text(pipeline), seconds]
            let rows = try await session.runCancellable("dropping an old partition") { connection in
                try connection.transaction {
                    try connection.execute(
                        "SELECT lorikeet.drop_partition($1, $2, $3::double precision) AS rows", parameters,
                        within: Self.patience
                    ).first?.optionalInteger("rows")
                }
            }
            if let rows, rows > 0 { progress(Int(rows)) }
            dropped += Int(rows ?? 0)
        }
        return dropped
    }

    private static func isMonthly(_ table: RetentionTable, on connection: BoundedConnection) throws -> Bool {
        guard table.isPartitioned else { return false }
        return try !connection.execute(RetentionTable.isMonthly, [.text(table.rawValue)]).rows.isEmpty
    }

    /// One transaction that renews the lease and does a bounded amount of work, and a pause for the others.
    private func step<Value: Sendable>(
        _ body: @Sendable (BoundedConnection) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let lease = lease
        let began = clock.now()
        let value = try await session.run("deleting old rows") { connection in
            try connection.transaction {
                if let holder = try lease.take(on: connection) {
                    return Result<Value, LeaseTaken>.failure(LeaseTaken(holder: holder))
                }
                return .success(try body(connection))
            }
        }.get()
        let pause = (clock.now() - began) * ((1 - pace.share) / pace.share)
        if pause > .zero { try await clock.sleep(pause) }
        return value
    }
}
