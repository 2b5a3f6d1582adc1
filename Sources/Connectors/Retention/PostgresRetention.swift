import PostgresClient
import Retraining
import Serving
import Synchronization
import Threading

/// Deletes the rows of one pipeline that are older than its policy says.
///
/// One process does it at a time, under a lease in `lorikeet.leases`. It deletes a bounded number of rows per
/// transaction, skips rows that others have locked, and rests after each transaction for as long as its share of the
/// time says: so the sink never waits for it. Annotations are not touched, and neither is any row of a record that
/// waits in the outbox.
///
/// It reads each table from the oldest row on, in spans of a bounded number of rows. What it has read it remembers, so
/// that the next call reads only what has become old since: where pipelines share a task, the rows of one that keeps
/// them longer lie before those of the others.
public final class PostgresRetention: Closable {
    private let session: PostgresSession
    private let pipeline: String
    private let policy: RetentionPolicy
    private let pace: Pace
    private let lease: LeaseRow
    private let clock: Clock
    private let memory = Mutex(Memory())

    /// How much is deleted at once, and how much of the time.
    public struct Pace: Sendable {
        /// Rows per transaction.
        public var rows: Int
        /// Of the time, from 0 to 1; the rest is a pause.
        public var share: Double

        /// - Parameters: as the properties.
        public init(rows: Int = 2000, share: Double = 0.2) { (self.rows, self.share) = (rows, share) }
    }

    /// What earlier calls have read.
    private struct Memory {
        /// By table and as ``RetentionWalk/marks``.
        var marks: [RetentionTable: [String: String]] = [:]
        var since: Duration?

        /// Old rows that come later, as from a backup, and those of a month that has ended meanwhile, are found when
        /// all is read again.
        static let lifetime = Duration.seconds(86400)

        mutating func forgetIfOld(_ now: Duration) {
            if let since, now - since < Self.lifetime { return }
            (since, marks) = (now, [:])
        }
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

    /// A table whose partition cannot be locked now, or of which a statement takes too long, does not keep the others
    /// from their turn.
    private func deleteAll(_ progress: @Sendable (RetentionTable, Int) -> Void) async throws -> [RetentionTable: Int] {
        var deleted: [RetentionTable: Int] = [:]
        var obstacle: ConnectorError?
        for (table, age) in policy.limits {
            try Task.checkCancellation()
            do {
                deleted[table] = try await delete(from: table, olderThan: age) { progress(table, $0) }
            } catch let error as ConnectorError where Self.isOfOneTable(error) {
                obstacle = error
            }
        }
        if let obstacle { throw obstacle }
        return deleted
    }

    private static func isOfOneTable(_ error: ConnectorError) -> Bool {
        // A lock that is not available, and a statement that was cancelled at its deadline.
        error.cause == "55P03" || error.cause == "57014"
    }

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
        let isMonthly = try await session.runCancellable("reading partitions") { try Self.isMonthly(table, on: $0) }
        var deleted = isMonthly ? try await dropPartitions(of: table, olderThan: age, progress: progress) : 0
        let now = clock.now()
        memory.withLock { $0.forgetIfOld(now) }
        var walk = RetentionWalk(places: try await places(of: table, olderThan: age))
        while !walk.isDone {
            let start = walk
            let (next, rows) = try await step { connection in
                var walk = start
                let rows = try advance(&walk, in: table, age, isMonthly: isMonthly, on: connection)
                return (walk, rows)
            }
            walk = next
            memory.withLock { $0.marks[table, default: [:]].merge(next.marks) { $1 } }
            if rows > 0 { progress(rows) }
            deleted += rows
        }
        return deleted
    }

    /// Where to begin, by task where the table is read by task.
    private func places(of table: RetentionTable, olderThan age: Duration) async throws -> [RetentionWalk.Place] {
        let marks = memory.withLock { $0.marks[table] ?? [:] }
        guard table.isReadByTask else { return [RetentionWalk.Place(group: pipeline, from: marks[pipeline])] }
        let known = marks.sorted { $0.key < $1.key }
        let parameters: [PostgresValue] = [
            .texts(known.map(\.key)), .double(age.inSeconds), .texts(known.map(\.value)),
        ]
        return try await session.runCancellable("reading the tasks of labels") { connection in
            try connection.execute(RetentionTable.tasks, parameters).rows.map { row in
                RetentionWalk.Place(group: try row.text("name"), from: try row.text("oldest"))
            }
        }
    }

    /// Reads on within one transaction, until rows are deleted or some spans have none to delete.
    ///
    /// - Returns: the deleted rows.
    private func advance(
        _ walk: inout RetentionWalk, in table: RetentionTable, _ age: Duration, isMonthly: Bool,
        on connection: BoundedConnection
    ) throws -> Int {
        let age = PostgresValue.double(age.inSeconds)
        try connection.execute(RetentionTable.findsByKey)
        for _ in 0..<Self.spansPerStep {
            guard let place = walk.place else { return 0 }
            let end = try connection.execute(table.spanEnd, [.text(place.group), age, .text(place.from)]).first
            guard let end else { return 0 }
            let (upper, isLast) = (try end.text("upper"), try end.boolean("is_last"))
            func span(to end: String) -> [PostgresValue] {
                [.text(pipeline), age, .text(place.from), .text(end)]
                    + (table.isReadByTask ? [.text(place.group)] : [])
            }
            func hasOld(before end: String) throws -> Bool {
                try !connection.execute(table.hasOld(isMonthly: isMonthly), span(to: end)).rows.isEmpty
            }
            guard try hasOld(before: upper) else {
                walk.pass(to: upper, isLast: isLast, leavesRows: false)
                continue
            }
            let row = try connection.execute(
                table.delete(isMonthly: isMonthly, limit: pace.rows), span(to: upper)
            ).first
            let rows = Int(try row?.integer("rows") ?? 0)
            // The span may have more: its rest is the next one.
            let rest = rows == pace.rows ? try row?.optionalText("newest") : nil
            let reached = rest ?? upper
            walk.pass(to: reached, isLast: isLast && rest == nil, leavesRows: try hasOld(before: reached))
            if rows > 0 { return rows }
        }
        return 0
    }

    /// Spans without anything to delete that one transaction reads.
    private static let spansPerStep = 10

    /// Drops the partitions of months that are over for so long, if they hold no other rows.
    private func dropPartitions(
        of table: RetentionTable, olderThan age: Duration, progress: (Int) -> Void
    ) async throws -> Int {
        let seconds = PostgresValue.double(age.inSeconds)
        let names = try await session.runCancellable("reading partitions") { connection in
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
        let value = try await session.runCancellable("deleting old rows") { connection in
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
