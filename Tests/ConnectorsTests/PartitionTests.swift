import PostgresClient
import Retraining
import Serving
import Testing

@testable import Connectors

/// Monthly partitions in a real database: made with the schema, made ahead, and dropped.
@Suite(.timeLimit(.minutes(3))) struct PartitionTests {
    private static let day = Duration.seconds(86400)

    private func make() async throws -> SchemaDatabase {
        let database = try await SchemaDatabase.make(isMigrated: false)
        try await Schema.migrate(database.settings(), isPartitioned: true)
        return database
    }

    private func partitions(_ table: String, of database: SchemaDatabase) throws -> [String] {
        try database.sql(
            """
            SELECT inhrelid::regclass::text AS name FROM pg_inherits
            WHERE inhparent = 'lorikeet.\(table)'::regclass ORDER BY 1
            """
        ).map { try $0.text("name") }
    }

    private func enforce(_ database: SchemaDatabase, pipeline: String = "packages", user: String = "postgres")
        async throws -> [RetentionTable: Int]?
    {
        var policy = RetentionPolicy()
        policy.labels = Self.day * 90
        let retention = PostgresRetention(
            database.settings(user: user), pipeline: pipeline, policy: policy,
            pace: PostgresRetention.Pace(rows: 10, share: 1))
        let result = try await retention.enforce()
        await retention.close()
        return result.value
    }

    @Test func aNewSchemaHasThemForLastMonthAndTheNextThree() async throws {
        let database = try await make()
        #expect(try await Schema.version(database.settings()) == Schema.expectedVersion)
        for table in ["labels", "messages"] {
            let names = try partitions(table, of: database)
            #expect(names.count == 6 && names.contains("lorikeet.\(table)_default"), "\(names)")
        }
        let keys = try database.sql(
            """
            SELECT conname::text AS name FROM pg_constraint
            WHERE conrelid = 'lorikeet.labels'::regclass AND contype = 'p'
            """)
        #expect(try keys.map { try $0.text("name") } == ["labels_pkey"])
        // Migrating again changes nothing, with or without the flag.
        let again = try await Schema.migrate(database.settings(), isPartitioned: true)
        #expect(again.before == again.after)
        try await Schema.migrate(database.settings())
        #expect(try partitions("labels", of: database).count == 6)
    }

    @Test func anExistingSchemaIsRefusedWithTheRemedy() async throws {
        let database = try await SchemaDatabase.make()
        let error = await #expect(throws: ConnectorError.self) {
            try await Schema.migrate(database.settings(), isPartitioned: true)
        }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains("new database") == true && error?.reason.contains("--partitioned") == true)
    }

    /// The statements of sink, queue and outbox on partitioned tables; 1970, the far future and a deleted topic.
    @Test func everythingWorksAsWithout() async throws {
        let database = try await make()
        let role = try await database.makeDaemonRole()
        let settings = OutboxSettings(publishesRejected: true)
        let sink = PostgresLabelSink(database.settings(user: role), pipeline: "packages", outbox: settings)
        let times: [Int64?] = [nil, 1_700_000_000_000, 4_102_444_800_000]
        for _ in 0..<2 {
            for (offset, time) in times.enumerated() {
                _ = try await sink.store([Samples.labelled(Int64(offset), producedAt: time)])
            }
        }
        _ = try await sink.store([Samples.labelled(0, producedAt: 1_700_000_000_000)])
        await sink.close()
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 4)
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels_default") == 4)
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotation_queue") == 4)
        let outbox = PostgresOutbox(database.settings(user: role), pipeline: "packages", settings: settings)
        let records = try #require(try await outbox.next(limit: 10))
        #expect(records.count == 4 && records.allSatisfy { $0.message != nil })
        await outbox.close()
    }

    @Test func theNextMonthsAreMadeOnce() async throws {
        let database = try await make()
        let role = try await database.makeDaemonRole()
        let partitions = PostgresPartitions(database.settings(user: role))
        #expect(try await partitions.makeAhead() == [])
        let made = try await partitions.makeAhead(months: 5)
        #expect(made.count == 4 && made.allSatisfy { $0.hasPrefix("labels_") || $0.hasPrefix("messages_") })
        #expect(try await partitions.makeAhead(months: 5) == [])
        await partitions.close()
        #expect(try self.partitions("labels", of: database).count == 8)
    }

    @Test func aSchemaWithoutPartitionsGetsNone() async throws {
        let database = try await SchemaDatabase.make()
        let partitions = PostgresPartitions(database.settings())
        #expect(try await partitions.makeAhead() == [])
        await partitions.close()
        #expect(try database.count("SELECT count(*) FROM lorikeet.make_partitions(now(), now())") == 0)
    }

    /// Rows that came before their month's partition was made.
    @Test func earlyRowsMoveIntoTheirMonth() async throws {
        let database = try await make()
        try database.addRecord(1, producedAt: "now() + interval '7 months'")
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels_default") == 1)
        try database.sql("SELECT lorikeet.make_partitions(now(), now() + interval '7 months')")
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels_default") == 0)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages_default") == 0)
        #expect(try database.offsets("labels") == [1] && database.offsets("messages") == [1])
    }

    @Test func oldMonthsAreDropped() async throws {
        let database = try await make()
        try database.sql("SELECT lorikeet.make_partitions(now() - interval '12 months', now())")
        for (offset, days) in [(1, 200.0), (2, 201), (3, 10)] { try database.addRecord(offset, days: days) }
        let before = try partitions("labels", of: database).count
        let role = try await database.makeDaemonRole()

        let deleted = try await enforce(database, user: role)

        #expect(deleted?[.labels] == 2 && deleted?[.messages] == 2 && deleted?[.history] == 2)
        #expect(try database.offsets("labels") == [3] && database.offsets("messages") == [3])
        #expect(try partitions("labels", of: database).count < before)
        #expect(try partitions("labels", of: database).contains("lorikeet.labels_default"))
    }

    /// One that another pipeline has rows in stays, and so does one with a record in the outbox. Old rows of the
    /// pipeline itself are deleted one by one, but for those of the outbox.
    @Test func aMonthOfOthersStays() async throws {
        let database = try await make()
        try database.sql("SELECT lorikeet.make_partitions(now() - interval '12 months', now())")
        try database.addRecord(1, days: 200)
        try database.addRecord(2, days: 200, pipeline: "mail")
        #expect(try await enforce(database)?[.labels] == 1)
        #expect(try database.offsets("labels") == [2])

        try database.addRecord(3, days: 300)
        try database.addRecord(4, days: 300)
        try database.addToOutbox(4)
        #expect(try await enforce(database)?[.labels] == 1)
        #expect(try database.offsets("labels") == [2, 4])
        try database.sql("DELETE FROM lorikeet.outbox")
        #expect(try await enforce(database)?[.labels] == 1)
        #expect(try await enforce(database, pipeline: "mail")?[.labels] == 1)
    }

    /// A record of an old month that was labelled a moment ago, as by a replay.
    @Test func aRowThatWasJustWrittenKeepsItsMonth() async throws {
        let database = try await make()
        try database.sql("SELECT lorikeet.make_partitions(now() - interval '12 months', now())")
        try database.addRecord(1, days: 200)
        try database.addRecord(2, days: 1, producedAt: "now() - interval '200 days'")
        #expect(try await enforce(database)?[.labels] == 1)
        #expect(try database.offsets("labels") == [2])
    }

    /// 1970 and the far future have no month of their own: their rows go by their age.
    @Test func oddTimestampsGoRowByRow() async throws {
        let database = try await make()
        for (offset, time) in [(1, "to_timestamp(0)"), (2, "'2999-01-01'")] {
            try database.addRecord(offset, days: 100, producedAt: time)
            try database.addRecord(offset + 10, days: 1, producedAt: time)
        }
        #expect(try await enforce(database)?[.labels] == 2)
        #expect(try database.offsets("labels") == [11, 12] && database.offsets("messages") == [11, 12])
        #expect(try partitions("labels", of: database).contains("lorikeet.labels_default"))
    }

    /// A reader keeps the lock that dropping needs: it gives up within seconds, and the rows stay.
    @Test func aReaderPostponesTheDrop() async throws {
        let database = try await make()
        try database.sql("SELECT lorikeet.make_partitions(now() - interval '12 months', now())")
        try database.addRecord(1, days: 200)
        let reader = try database.connect()
        defer { reader.close() }
        try reader.execute("BEGIN")
        try reader.execute("SELECT count(*) FROM lorikeet.labels")
        let error = await #expect(throws: ConnectorError.self) { _ = try await enforce(database) }
        #expect(error?.action == .retry && error?.cause == "55P03")
        try reader.execute("ROLLBACK")
        #expect(try await enforce(database)?[.labels] == 1)
    }

    @Test(arguments: [
        "labels_default", "labels", "annotations", "labels_2020_13; DROP TABLE lorikeet.annotations", "labels_1999_01",
    ])
    func onlyMonthsAreDropped(name: String) async throws {
        let database = try await make()
        let row = try database.sql(
            "SELECT lorikeet.drop_partition($1, 'packages', 0) AS rows", with: [.text(name)]
        ).first
        #expect(try row?.optionalInteger("rows") == nil)
        #expect(try database.count("SELECT count(*) FROM lorikeet.annotations") == 0)
    }

    @Test func othersMayNotCallTheFunctions() async throws {
        let database = try await make()
        let role = "reader_of_\(database.name)"
        try database.sql("CREATE ROLE \(role) LOGIN", "GRANT USAGE ON SCHEMA lorikeet TO \(role)")
        let connection = try database.connect(user: role)
        defer { connection.close() }
        for call in ["make_partitions(now(), now())", "drop_partition('labels_2020_01', 'packages', 0)"] {
            let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT lorikeet.\(call)") }
            #expect(error?.sqlState == "42501")
        }
    }
}
