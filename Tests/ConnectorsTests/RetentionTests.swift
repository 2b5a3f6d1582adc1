import PostgresClient
import Retraining
import Serving
import Synchronization
import TestSupport
import Testing
import Threading

@testable import Connectors

/// Old rows in a real database: which go, which stay, and how.
@Suite(.timeLimit(.minutes(3))) struct RetentionTests {
    private static let day = Duration.seconds(86400)

    private func policy(_ change: (inout RetentionPolicy) -> Void) -> RetentionPolicy {
        var policy = RetentionPolicy()
        change(&policy)
        return policy
    }

    /// Everything of a label goes after 30 days, texts after 10, rejected records after 5.
    private var all: RetentionPolicy {
        policy {
            $0.labels = Self.day * 30
            $0.texts = Self.day * 10
            $0.rejected = Self.day * 5
        }
    }

    /// Deletes old rows without pauses.
    @discardableResult
    private func enforce(
        _ policy: RetentionPolicy, _ database: SchemaDatabase, user: String = "postgres", pipeline: String = "packages",
        rows: Int = 2000, progress: @escaping @Sendable (RetentionTable, Int) -> Void = { _, _ in }
    ) async throws -> Exclusive<[RetentionTable: Int]> {
        let retention = PostgresRetention(
            database.settings(user: user), pipeline: pipeline, policy: policy,
            pace: PostgresRetention.Pace(rows: rows, share: 1))
        do {
            let result = try await retention.enforce(progress)
            await retention.close()
            return result
        } catch {
            await retention.close()
            throw error
        }
    }

    @Test func everyTableHasAnAgeOfItsOwn() async throws {
        let database = try await SchemaDatabase.make()
        for (offset, days) in [(1, 40.0), (2, 20), (3, 1)] { try database.addRecord(offset, days: days) }
        for (offset, days) in [(4, 6.0), (5, 4)] { try database.addRejected(offset, days: days) }
        try database.annotate([("chess", "games")], task: "section")
        try database.sql("UPDATE lorikeet.annotations SET created_at = now() - interval '10 years'")

        let deleted = try await enforce(all, database).value

        #expect(deleted == [.labels: 1, .messages: 2, .rejected: 1, .history: 1, .shadowLabels: 1])
        #expect(try database.offsets("labels") == [2, 3])
        #expect(try database.offsets("messages") == [3])
        #expect(try database.offsets("rejected") == [5])
        #expect(try database.offsets("labels_history") == [2, 3])
        #expect(try database.offsets("shadow_labels") == [2, 3])
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotations") == 1)
    }

    @Test func whatBelongsToALabelMayGoEarlier() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 20)
        let policy = policy {
            $0.history = Self.day * 10
            $0.shadowLabels = Self.day * 10
        }
        #expect(try await enforce(policy, database).value == [.history: 1, .shadowLabels: 1])
        #expect(try database.offsets("labels") == [1] && database.offsets("messages") == [1])
    }

    @Test func withoutAnAgeEverythingStays() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 4000)
        try database.addRejected(2, days: 4000)
        #expect(try await enforce(RetentionPolicy(), database).value == [:])
        #expect(try database.offsets("labels") == [1] && database.offsets("rejected") == [2])
    }

    @Test func otherPipelinesKeepTheirRows() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 40)
        try database.addRecord(2, days: 40, pipeline: "mail")
        try database.addRejected(3, days: 40, pipeline: "mail")
        try await enforce(all, database)
        #expect(try database.offsets("labels") == [2] && database.offsets("messages") == [2])
        #expect(try database.offsets("rejected") == [3] && database.offsets("labels_history") == [2])
    }

    /// What is published is read from these rows when it is published.
    @Test func recordsThatWaitInTheOutboxStay() async throws {
        let database = try await SchemaDatabase.make()
        for offset in 1...3 { try database.addRecord(offset, days: 40) }
        try database.addRejected(4, days: 40)
        try database.addRejected(5, days: 40)
        try database.addToOutbox(2)
        try database.addToOutbox(4, kind: "rejected", from: "rejected")

        let deleted = try await enforce(all, database).value

        #expect(deleted?[.labels] == 2 && deleted?[.rejected] == 1)
        for table in ["labels", "messages", "labels_history", "shadow_labels"] {
            #expect(try database.offsets(table) == [2], "\(table)")
        }
        #expect(try database.offsets("rejected") == [4])
        try database.sql("DELETE FROM lorikeet.outbox")
        try await enforce(all, database)
        #expect(try database.offsets("labels") == [] && database.offsets("rejected") == [])
    }

    /// All tasks, rows of the same moment, and more rows than a transaction takes.
    @Test func transactionsAreSmall() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", produced_at, task, label, score,
                scores, adapter_digest, labelled_at)
            SELECT 'packages', 'packages', 0, n, now(), 'task ' || n % 3, 'games', 1, '{}', 'd',
                now() - interval '40 days' - (n / 10) * interval '1 second'
            FROM generate_series(1, 100) AS n
            """)
        let parts = Mutex<[Int]>([])
        let deleted = try await enforce(all, database, rows: 7) { table, rows in
            if table == .labels { parts.withLock { $0.append(rows) } }
        }.value
        #expect(deleted?[.labels] == 100)
        #expect(parts.withLock { $0.allSatisfy { $0 <= 7 } && $0.count >= 15 && $0.reduce(0, +) == 100 })
        #expect(try database.offsets("labels") == [])
    }

    /// Each pause is as long as the work before it says.
    @Test func aPauseComesAfterWork() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 40)
        let naps = Mutex<[Duration]>([])
        let ticks = Atomic(0)
        let clock = Clock(
            now: { .seconds(ticks.add(1, ordering: .relaxed).newValue) },
            sleep: { pause in naps.withLock { $0.append(pause) } })
        let retention = PostgresRetention(
            database.settings(), pipeline: "packages", policy: policy { $0.rejected = Self.day },
            pace: PostgresRetention.Pace(rows: 10, share: 0.2), clock: clock)
        _ = try await retention.enforce()
        await retention.close()
        // One second of work, four of rest.
        #expect(naps.withLock { $0 } == [.seconds(4)])
    }

    /// Labels of a task, each of a time of its own.
    private func addLabels(_ count: Int, of pipeline: String, days: Double, _ database: SchemaDatabase) throws {
        try database.sql(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", produced_at, task, label, score,
                scores, adapter_digest, labelled_at)
            SELECT '\(pipeline)', 'packages', 0, n, now(), 'section', 'games', 1, '{}', 'd',
                now() - \(days) * interval '1 day' - interval '1 millisecond' + (n - 1) * interval '1 second'
            FROM generate_series(1, \(count)) AS n
            """)
    }

    /// Entries of the index by task and time that were read. The statistics of a session are complete when it is gone.
    private func entriesRead(_ database: SchemaDatabase) async throws -> Int {
        try await eventually("the end of the other sessions") {
            try database.count(
                """
                SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)' AND pid <> pg_backend_pid()
                """) == 0
        }
        return try database.count(
            """
            SELECT idx_tup_read FROM pg_stat_user_indexes
            WHERE schemaname = 'lorikeet' AND indexrelname = 'labels_by_task_and_time'
            """)
    }

    /// A pipeline that keeps its labels for ever shares the task: its rows are older than all that is to be deleted.
    @Test func rowsOfAnotherPipelineAreReadOnce() async throws {
        let database = try await SchemaDatabase.make()
        let count = RetentionTable.spanRows + 5000
        try addLabels(count, of: "mail", days: 90, database)
        try addLabels(count, of: "packages", days: 10, database)
        try database.addRecord(1, days: 40)
        try database.sql("VACUUM ANALYZE lorikeet.labels")
        let retention = PostgresRetention(
            database.settings(), pipeline: "packages", policy: policy { $0.labels = Self.day * 30 },
            pace: PostgresRetention.Pace(share: 1))
        let before = try await entriesRead(database)
        let first = try await retention.enforce().value
        await retention.close()
        let between = try await entriesRead(database)
        try addLabels(1, of: "packages", days: 30, database)
        let second = try await retention.enforce().value
        await retention.close()
        let after = try await entriesRead(database)

        #expect(first?[.labels] == 1 && second?[.labels] == 1)
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 2 * count)
        #expect(between - before > count, "\(between - before)")
        #expect(after - between < 1000, "\(after - between)")
    }

    /// What was locked or waited in the outbox is found in the next look, though all behind it was read.
    @Test func whatWasLeftBehindIsFoundAgain() async throws {
        let database = try await SchemaDatabase.make()
        for offset in 1...3 { try database.addRecord(offset, days: 40) }
        try database.addToOutbox(2)
        let retention = PostgresRetention(
            database.settings(), pipeline: "packages", policy: all, pace: PostgresRetention.Pace(rows: 1, share: 1))
        let first = try await retention.enforce().value
        #expect(first?[.labels] == 2 && first?[.messages] == 2)
        try database.sql("DELETE FROM lorikeet.outbox")
        let second = try await retention.enforce().value
        await retention.close()
        #expect(second?[.labels] == 1 && second?[.messages] == 1)
    }

    /// A statement that takes too long ends its table's turn and no other's.
    @Test func aTableThatTakesTooLongDoesNotKeepTheOthers() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 40)
        try database.addRejected(2, days: 40)
        let other = try database.connect()
        defer { other.close() }
        try other.execute("BEGIN")
        try other.execute("LOCK TABLE lorikeet.labels IN ACCESS EXCLUSIVE MODE")
        let retention = PostgresRetention(
            database.settings(deadline: .milliseconds(500)), pipeline: "packages", policy: all,
            pace: PostgresRetention.Pace(share: 1))
        let error = await #expect(throws: ConnectorError.self) { _ = try await retention.enforce() }
        try other.execute("ROLLBACK")
        await retention.close()
        #expect(error?.cause == "57014")
        #expect(try database.offsets("labels") == [1])
        for table in ["rejected", "messages", "labels_history", "shadow_labels"] {
            #expect(try database.offsets(table) == [], "\(table)")
        }
    }

    @Test func lockedRowsAreLeftForTheNextTime() async throws {
        let database = try await SchemaDatabase.make()
        for offset in 1...3 { try database.addRecord(offset, days: 40) }
        let policy = policy { $0.labels = Self.day * 30 }
        let other = try database.connect()
        try other.execute("BEGIN")
        try other.execute("SELECT 1 FROM lorikeet.labels WHERE \"offset\" = 2 FOR UPDATE")
        let meanwhile = try await enforce(policy, database).value
        try other.execute("ROLLBACK")
        other.close()
        #expect(meanwhile?[.labels] == 2)
        #expect(try database.offsets("labels") == [2])
        #expect(try await enforce(policy, database).value?[.labels] == 1)
    }

    @Test func anotherHolderOfTheLeaseDoesItAlone() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 40)
        try database.sql(
            """
            INSERT INTO lorikeet.leases
            VALUES ('\(PostgresRetention.leaseName(of: "packages"))', gen_random_uuid(), 'another', now(),
                clock_timestamp() + interval '1 minute')
            """)
        #expect(try await enforce(all, database).holder?.process == "another")
        #expect(try database.offsets("labels") == [1])
        // The lease of another pipeline is another one.
        #expect(try await enforce(all, database, pipeline: "mail").value != nil)
        try database.sql("UPDATE lorikeet.leases SET expires_at = clock_timestamp() - interval '1 second'")
        #expect(try await enforce(all, database).value?[.labels] == 1)
        #expect(try database.count("SELECT count(*) FROM lorikeet.leases") == 0)
    }

    @Test func aLeaseThatIsTakenAwayEndsTheRun() async throws {
        let database = try await SchemaDatabase.make()
        for offset in 1...4 { try database.addRejected(offset, days: 40) }
        let result = try await enforce(all, database, rows: 1) { _, _ in
            _ = try? database.sql(
                """
                UPDATE lorikeet.leases SET token = gen_random_uuid(), holder = 'thief',
                    expires_at = clock_timestamp() + interval '1 minute'
                """)
        }
        #expect(result.holder?.process == "thief")
        #expect(try database.offsets("rejected").count == 3)
        #expect(try database.count("SELECT count(*) FROM lorikeet.leases WHERE holder = 'thief'") == 1)
    }

    @Test func aDryRunCountsTheSameRows() async throws {
        let database = try await SchemaDatabase.make()
        for (offset, days) in [(1, 40.0), (2, 20), (3, 40)] { try database.addRecord(offset, days: days) }
        try database.addRejected(4, days: 6)
        try database.addToOutbox(3)
        let retention = PostgresRetention(database.settings(), pipeline: "packages", policy: all)
        let old = try await retention.oldRows()
        await retention.close()
        #expect(old == [.labels: 1, .messages: 2, .rejected: 1, .history: 1, .shadowLabels: 1])
        #expect(try database.offsets("labels") == [1, 2, 3])
        #expect(try await enforce(all, database).value == old)
    }

    @Test func aDaemonRoleMayDeleteOldRows() async throws {
        let database = try await SchemaDatabase.make()
        try database.addRecord(1, days: 40)
        let role = try await database.makeDaemonRole()
        #expect(try await enforce(all, database, user: role).value?[.labels] == 1)
    }
}
