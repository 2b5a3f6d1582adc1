import PostgresClient
import Serving
import Synchronization
import Testing

@testable import Connectors

/// Texts of older rows move from `labels` to `messages` while daemons run.
@Suite struct TextMoveTests {
    private static let tasks = ["a", "b", "c", "d"]
    private static let remaining = "SELECT count(*) FROM lorikeet.labels WHERE text IS NOT NULL"
    private static let wrong = """
        SELECT count(*) FROM lorikeet.labelled_texts WHERE text IS DISTINCT FROM 'text ' || "offset"
        """

    /// As the version before stored messages: each text with each of its labels.
    private static func store(
        _ database: SchemaDatabase, _ offsets: Range<Int>, text: String = "text",
        at time: String = "timestamptz '2025-01-01 00:00Z'"
    ) throws {
        try database.sql(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, message_key, label,
                score, scores, adapter_digest, text, labelled_at)
            SELECT 'packages', 'packages', 0, o, t, to_timestamp(1700000000), convert_to('key ' || o, 'UTF8'), 'games',
                1, '{"games": 1}', repeat('d', 64), '\(text) ' || o, \(time)
            FROM generate_series(\(offsets.lowerBound), \(offsets.upperBound - 1)) AS o,
                unnest('{a,b,c,d}'::text[]) AS t
            ORDER BY o, t
            ON CONFLICT (pipeline, topic, "partition", "offset", task, produced_at) DO UPDATE SET
                text = excluded.text, labelled_at = excluded.labelled_at
            """)
    }

    private static func move(
        _ database: SchemaDatabase, _ progress: @escaping @Sendable (TextMoveProgress) -> Void = { _ in }
    ) async throws -> TextMoveReport {
        try await Schema.moveTexts(database.settings(), batchRows: 50, progress: progress)
    }

    @Test func everyTextIsMovedOnce() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<2000)
        let seen = Mutex<[TextMoveProgress]>([])
        let report = try await Self.move(database) { progress in seen.withLock { $0.append(progress) } }

        #expect(report.rows == 8000 && report.remaining == 0 && report.isComplete)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 2000)
        #expect(try database.count(Self.remaining) == 0 && database.count(Self.wrong) == 0)
        let row = try database.sql("SELECT * FROM lorikeet.messages WHERE \"offset\" = 7").first
        #expect(try row?.bytes("message_key") == Array("key 7".utf8))
        #expect(try row?.timestamp("stored_at") == 1_735_689_600_000)
        let progress = seen.withLock(\.self)
        #expect(progress.count > 2 && progress.allSatisfy { $0.done <= $0.total })
        #expect(zip(progress, progress.dropFirst()).allSatisfy { $0.rows <= $1.rows })

        let again = try await Self.move(database)
        #expect(again.rows == 0 && again.isComplete)
    }

    @Test func aTableWithoutTextsIsDoneAtOnce() async throws {
        let database = try await SchemaDatabase.make()
        let report = try await Self.move(database)
        #expect(report.rows == 0 && report.remaining == 0 && report.isComplete)
        #expect(
            try database.count(
                "SELECT count(*) FROM lorikeet.schema_migrations WHERE rows_moved_until IS NOT NULL") == 1)
    }

    /// An interruption leaves every text readable, and the next run moves the others.
    @Test func aCancelledMoveGoesOn() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<1000)
        let first = try await Task {
            try await Self.move(database) { progress in
                if progress.rows > 0 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }.value
        #expect(!first.isComplete && first.rows > 0 && first.rows < 4000)
        #expect(try database.count(Self.remaining) == 4000 - first.rows && database.count(Self.wrong) == 0)
        #expect(
            try database.count(
                "SELECT count(*) FROM lorikeet.schema_migrations WHERE rows_moved_until IS NOT NULL") == 0)

        let second = try await Self.move(database)
        #expect(second.isComplete && second.rows == 4000 - first.rows)
        #expect(try database.count(Self.remaining) == 0 && database.count(Self.wrong) == 0)
    }

    /// A daemon of the version before writes texts behind the move and ahead of it, old messages and new ones.
    @Test func textsThatTheVersionBeforeStoresMeanwhileAreMovedToo() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<1000)
        let hasWritten = Mutex(false)
        let report = try await Self.move(database) { _ in
            let isFirst = hasWritten.withLock { written in
                defer { written = true }
                return !written
            }
            guard isFirst else { return }
            try? Self.store(database, 0..<20, at: "now()")
            try? Self.store(database, 980..<1020, at: "now()")
        }
        #expect(report.isComplete && report.remaining == 0 && report.rows >= 4000 + 4 * 20)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 1020)
        #expect(try database.count(Self.remaining) == 0 && database.count(Self.wrong) == 0)
    }

    /// After the last run too: the next one looks only at newer rows.
    @Test func theNextRunMovesWhatTheVersionBeforeStoredAfterTheLast() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<10)
        _ = try await Self.move(database)
        try Self.store(database, 5..<15, at: "now()")
        #expect(try database.count(Self.wrong) == 0)
        let report = try await Self.move(database)
        #expect(report.rows == 40 && report.isComplete)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 15)
        #expect(try database.count(Self.remaining) == 0)
    }

    /// The text that was written last counts, wherever it stands.
    @Test func theNewestTextOfAMessageCounts() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<2, text: "older")
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        // Only one task is left; the rows of the others keep what the version before stored.
        _ = try await sink.store([Samples.labelled(0, text: "text 0", tasks: ["a"])])
        await sink.close()
        try database.sql(
            """
            UPDATE lorikeet.labels SET text = 'text 1', labelled_at = labelled_at + interval '1 day'
            WHERE "offset" = 1 AND task = 'c'
            """)
        let report = try await Self.move(database)
        #expect(report.rows == 3 + 4)
        #expect(try database.count(Self.wrong) == 0)
    }

    /// The move waits for no row and holds none for long: a row that is locked is left to the next run.
    @Test func aLockedRowIsLeftToTheNextRun() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<100)
        let writer = try database.connect()
        try writer.execute("BEGIN")
        try writer.execute("UPDATE lorikeet.labels SET score = 0.5 WHERE \"offset\" = 3 AND task = 'b'")
        let report = try await Self.move(database)
        #expect(report.isComplete && report.rows == 399 && report.remaining == 1)
        try writer.execute("ROLLBACK")
        writer.close()
        #expect(try database.count(Self.wrong) == 0)
        let again = try await Self.move(database)
        #expect(again.rows == 1 && again.remaining == 0)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 100)
    }

    /// Daemons of this version store the same messages again meanwhile: nothing fails, nothing doubles.
    @Test func daemonsStoreTheSameMessagesMeanwhile() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<600)
        async let moved = Self.move(database)
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        for start in stride(from: Int64(0), to: 700, by: 50) {
            let batch = (start..<start + 50).map { Samples.labelled($0, tasks: Self.tasks) }
            #expect(try await sink.store(batch) == StoreReceipt(labelled: 50))
        }
        await sink.close()
        #expect(try await moved.isComplete)
        _ = try await Self.move(database)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 700)
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 2800)
        #expect(try database.count(Self.remaining) == 0 && database.count(Self.wrong) == 0)
    }

    @Test func twoMovesAtOnceDoTheWorkOnce() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<500)
        async let first = Self.move(database)
        async let second = Self.move(database)
        let reports = try await [first, second]
        let last = try await Self.move(database)
        #expect(reports.map(\.rows).reduce(0, +) + last.rows == 2000)
        #expect(try database.count(Self.remaining) == 0 && database.count(Self.wrong) == 0)
    }

    /// One row at least per transaction, however long its text is.
    @Test func longTextsAreMovedInSmallTransactions() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<3)
        try database.sql("UPDATE lorikeet.labels SET text = repeat('x', 10 << 20) WHERE \"offset\" < 2")
        let report = try await Self.move(database)
        #expect(report.rows == 12 && report.isComplete)
        #expect(try database.count("SELECT sum(length(text)) FROM lorikeet.messages") == 20 << 20 + 6)
    }

    /// Only the owner of the schema could have changed it, so only it moves texts.
    @Test func aDaemonRoleMovesNothing() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<3)
        let role = try await database.makeDaemonRole()
        let report = try await Schema.moveTexts(database.settings(user: role))
        #expect(report.rows == 0 && report.isComplete)
        #expect(try database.count(Self.remaining) == 12)
    }

    @Test func aConstraintThatRefusesATextEndsTheMoveWithItsName() async throws {
        let database = try await SchemaDatabase.make()
        try Self.store(database, 0..<3)
        try database.sql("ALTER TABLE lorikeet.messages ADD CONSTRAINT decent CHECK (text <> 'text 1')")
        let error = await #expect(throws: ConnectorError.self) { try await Self.move(database) }
        #expect(error?.reason.contains("decent") == true)
        #expect(try database.count(Self.remaining) == 12 && database.count(Self.wrong) == 0)
    }

    @Test func partitionsAreMovedOneByOne() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            "ALTER TABLE lorikeet.labels RENAME TO old_labels",
            "ALTER TABLE lorikeet.old_labels RENAME CONSTRAINT "
                + "labels_pkey TO old_labels_pkey",
            "CREATE TABLE lorikeet.labels (LIKE lorikeet.old_labels INCLUDING DEFAULTS) "
                + "PARTITION BY RANGE (produced_at)",
            "ALTER TABLE lorikeet.labels "
                + "ADD PRIMARY KEY (pipeline, topic, \"partition\", \"offset\", task, produced_at)",
            "CREATE TABLE lorikeet.\"labels 1\" PARTITION OF lorikeet.labels "
                + "FOR VALUES FROM (MINVALUE) TO ('2020-01-01')",
            "CREATE TABLE lorikeet.labels_2 PARTITION OF lorikeet.labels DEFAULT",
            "DROP TABLE lorikeet.old_labels CASCADE")
        try Self.store(database, 0..<100)
        try database.sql(
            "UPDATE lorikeet.labels SET produced_at = '2019-01-01' WHERE \"offset\" < 50")
        let report = try await Self.move(database)
        #expect(report.rows == 400 && report.isComplete)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 100)
        #expect(try database.count(Self.remaining) == 0)
    }
}
