import AdapterRegistry
import Connectors
import DaemonFixtures
import Logging
import PostgresClient
import TestSupport
import Testing
import Training

@testable import Operations

/// `lorikeet forget` on a database: what it reports and what it logs.
@Suite(.timeLimit(.minutes(2))) struct ForgetOperationTests {
    private func addRecords(_ fixture: DaemonFixture) throws {
        try fixture.execute(
            """
            INSERT INTO lorikeet.messages (pipeline, topic, "partition", "offset", produced_at, message_key, text)
            SELECT 'noise', 't', 0, n, to_timestamp(n), 'kim', 'kim writes ' || n FROM generate_series(1, 3) AS n
            """)
        try fixture.execute(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, message_key, label,
                score, scores, adapter_digest)
            SELECT 'noise', 't', 0, n, 'noise', to_timestamp(n), 'kim', 'loud', 1, '{}', 'd'
            FROM generate_series(1, 4) AS n
            """)
    }

    private func publishAdapters(_ fixture: DaemonFixture) async throws {
        let store = PostgresAdapterStore(fixture.settings)
        let rows = ["kim writes 1", "KIM  writes 2", "bo writes"].map { NormalizedText($0).hash64 }
        let sets: [TrainingRowSet?] = [
            TrainingRowSet(hashes: rows), TrainingRowSet(hashes: rows.suffix(1)), nil,
        ]
        for (seed, rows) in zip([UInt64(1), 2, 3], sets) {
            _ = try await store.publish(
                task: "noise", adapter: try fixture.model.adapter(labels: DaemonFixture.labels, seed: seed),
                metrics: [:], parentDigest: nil, trainingRows: rows)
        }
        await store.close()
    }

    private func run(
        _ subject: ForgottenSubject, _ fixture: DaemonFixture, isDryRun: Bool = false
    ) async throws -> ForgetReport {
        try await ForgetOperation.run(
            DatabaseSource(database: fixture.postgres.value, pipeline: nil), subject, isDryRun: isDryRun,
            logger: fixture.log.logger)
    }

    @Test func recordsGoAndAdaptersAreNamed() async throws {
        try await DaemonFixture.with { fixture in
            try addRecords(fixture)
            try await publishAdapters(fixture)
            let kim = ForgottenSubject.key(Array("kim".utf8))

            let dry = try await run(kim, fixture, isDryRun: true)
            #expect(dry.isDryRun && dry.records == 4 && dry.texts == 3 && dry.recordsWithoutText == 1)
            #expect(dry.rows[.messages] == 3 && dry.rows[.labels] == 4 && dry.rows[.annotations] == 0)
            #expect(dry.adapters.map(\.version) == [1] && dry.adapters.map(\.texts) == [2])
            #expect(dry.unknownAdapters.map(\.version) == [3])
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 4)

            let done = try await run(kim, fixture)
            #expect(done.rows == dry.rows && done.adapters == dry.adapters && done.records == 4)
            for table in ["messages", "labels"] {
                #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.\(table)") == 0)
            }
            // What is gone cannot be compared with adapters any more.
            let again = try await run(kim, fixture)
            #expect(again.records == 0 && again.adapters.isEmpty && again.rows.values.allSatisfy { $0 == 0 })

            #expect(fixture.log.count(containing: "texts would be forgotten") == 1)
            #expect(fixture.log.count(containing: "texts forgotten") == 2)
            #expect(fixture.log.count(containing: "labels 4") == 2)
            #expect(fixture.log.count(containing: "kim") == 0, "\(fixture.log.all)")
        }
    }

    /// A text that is nowhere any more still says which adapters know it.
    @Test func aGivenTextIsComparedWithAdaptersInAnyCase() async throws {
        try await DaemonFixture.with { fixture in
            try await publishAdapters(fixture)
            let report = try await run(.texts(["bo writes"]), fixture)
            #expect(report.records == 0 && report.texts == 1)
            #expect(report.adapters.map(\.version) == [1, 2] && report.adapters.map(\.texts) == [1, 1])
        }
    }

    /// A daemon has read the person's record and cannot store it yet: `forget` finds nothing, the record is stored
    /// afterwards, and the next run removes it.
    @Test func aRecordInFlightIsForgottenByTheNextRun() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let kim = ForgottenSubject.key(Array("kim".utf8))
            try await fixture.withDaemon(file) { daemon in
                try fixture.produce(10)
                try await fixture.untilLabelled(10)
                let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
                defer { connection.close() }
                // Readers go on, the sink waits.
                try connection.execute("BEGIN")
                try connection.execute("LOCK TABLE lorikeet.labels IN SHARE MODE")
                let producer = try fixture.broker.makeProducer()
                try producer.produce(
                    topic: "texts", partition: 0, key: Array("kim".utf8), payload: Array("kim writes".utf8),
                    timestamp: 5000)
                try producer.flush(timeout: .seconds(20))
                try await eventually("the record in flight") {
                    try fixture.number(
                        """
                        SELECT count(*) AS n FROM pg_locks
                        WHERE NOT granted AND relation = 'lorikeet.labels'::regclass
                        """
                    ) == 1
                }
                let early = try await run(kim, fixture)
                #expect(early.records == 0 && early.rows.values.allSatisfy { $0 == 0 })
                try connection.execute("COMMIT")
                try await fixture.untilLabelled(11)
                let late = try await run(kim, fixture)
                #expect(late.records == 1 && late.rows[.labels] == 1 && late.rows[.messages] == 1)
            }
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.messages WHERE text = 'kim writes'") == 0)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 10)
        }
    }

    /// A trigger of the user's that keeps rows must not make it run for ever.
    @Test func rowsThatCannotBeDeletedAreAnError() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.execute(
                """
                INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, message_key, stage,
                    reason)
                VALUES ('noise', 't', 0, 1, now(), 'kim', 'decode', 'no')
                """)
            try fixture.execute(
                """
                CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
                """)
            try fixture.execute(
                """
                CREATE TRIGGER keep BEFORE DELETE ON lorikeet.rejected FOR EACH ROW EXECUTE FUNCTION public.keep()
                """)
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await run(.key(Array("kim".utf8)), fixture)
            }
            #expect(failure?.status == .failed && failure?.message.contains("trigger") == true)
        }
    }

    @Test func aDatabaseWithoutTheSchemaIsRefused() async throws {
        try await withTestDatabase { database in
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await ForgetOperation.run(
                    DatabaseSource(database: database.dsn(), pipeline: nil), .texts(["a"]), isDryRun: true,
                    logger: Logger(label: "test"))
            }
            #expect(failure?.status == .configuration)
        }
    }
}
