import Connectors
import DaemonFixtures
import Operations
import Pipelines
import PostgresClient
import TestSupport
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(2))) struct RetentionServiceTests {
    private func addRejected(_ fixture: DaemonFixture, pipeline: String) throws {
        try fixture.execute(
            """
            INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, stage, reason,
                rejected_at)
            SELECT '\(pipeline)', 't', 0, n, now(), 'decode', 'no', now() - n * interval '1 day'
            FROM generate_series(1, 10) AS n
            """)
    }

    private func service(
        _ fixture: DaemonFixture, _ name: String, retention: String = "retention: { rejected: 5d }"
    ) throws -> RetentionService {
        let file = try fixture.writePipeline(name: name, extra: retention)
        let pipeline = try PipelineFile.read(path: file, environment: fixture.environment)
        return RetentionService(pipelines: [pipeline], logger: fixture.log.logger)
    }

    /// The counter of a pipeline: names differ per test, because the page is that of the process.
    private func counter(_ name: String, _ labels: String) -> String? {
        PrometheusRegistry.shared.text().split(separator: "\n").first { $0.hasPrefix("\(name){\(labels)}") }
            .flatMap { $0.split(separator: " ").last.map(String.init) }
    }

    @Test func oldRowsGoAreCountedAndLogged() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "old-rows")
            let service = try service(fixture, "old-rows")
            await service.look()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 4)
            #expect(
                counter(DaemonMetricNames.retentionRows, "pipeline=\"old-rows\",table=\"rejected\"") == "6")
            #expect(fixture.log.count(containing: "old rows deleted") == 1)
            #expect(
                fixture.log.count(containing: "deleted=6") == 1 && fixture.log.count(containing: "table=rejected") == 1)
            await service.look()
            #expect(fixture.log.count(containing: "old rows deleted") == 1)
        }
    }

    @Test func withoutTheKeyNothingIsDeleted() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "kept")
            try await service(fixture, "kept", retention: "").look()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 10)
        }
    }

    @Test func aReloadChangesTheAges() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "reloaded")
            let service = try service(fixture, "reloaded", retention: "")
            let file = try fixture.writePipeline(name: "reloaded", extra: "retention: { rejected: 2d }")
            await service.update([try PipelineFile.read(path: file, environment: fixture.environment)])
            await service.look()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 1)
        }
    }

    /// Deleted rows do not come back: a deletion under the old ages ends, and commits nothing.
    @Test func aReloadEndsADeletionUnderTheOldAges() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "lengthened")
            let service = try service(fixture, "lengthened", retention: "retention: { rejected: 2d }")
            let lock = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
            defer { lock.close() }
            try lock.execute("BEGIN")
            try lock.execute("LOCK TABLE lorikeet.rejected IN ACCESS EXCLUSIVE MODE")
            let looking = Task { await service.look() }
            try await fixture.untilLocked("lorikeet retention")
            let file = try fixture.writePipeline(name: "lengthened", extra: "retention: { rejected: 90d }")
            await service.update([try PipelineFile.read(path: file, environment: fixture.environment)])
            try lock.execute("ROLLBACK")
            await looking.value
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 10)
            #expect(fixture.log.count(containing: "old rows cannot be deleted") == 0)
            await service.look()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 10)
        }
    }

    @Test func failuresAreCountedAndLoggedOnce() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "failing")
            let service = try service(fixture, "failing")
            try fixture.execute("ALTER TABLE lorikeet.rejected RENAME TO away")
            await service.look()
            await service.look()
            #expect(counter(DaemonMetricNames.retentionFailures, "pipeline=\"failing\"") == "2")
            #expect(fixture.log.count(containing: "old rows cannot be deleted, retrying") == 1)
            try fixture.execute("ALTER TABLE lorikeet.away RENAME TO rejected")
            await service.look()
            #expect(fixture.log.count(containing: "old rows can be deleted again") == 1)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 4)
        }
    }

    @Test func partitionsAreMadeAheadOfTime() async throws {
        try await withTestDatabase { database in
            try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
                let fixture = try await DaemonFixture(broker: broker, postgres: database.dsn(), migrates: false)
                _ = try await MigrateOperation.run(postgres: fixture.postgres, isPartitioned: true)
                // As if months had passed since.
                let latest =
                    try fixture.execute(
                        """
                        SELECT max(inhrelid::regclass::text) AS name FROM pg_inherits
                        WHERE inhparent = 'lorikeet.labels'::regclass AND inhrelid::regclass::text LIKE '%_20%'
                        """
                    ).first?.text("name") ?? ""
                try fixture.execute("DROP TABLE \(latest)")
                try await service(fixture, "partitioned", retention: "").look()
                #expect(fixture.log.count(containing: "partitions made ahead of time") == 1)
                let name = latest.split(separator: ".").last.map(String.init) ?? ""
                #expect(fixture.log.count(containing: name) == 1, "\(fixture.log.all)")

                let function = "lorikeet.make_partitions(timestamptz, timestamptz)"
                try fixture.execute("ALTER FUNCTION \(function) RENAME TO away")
                let failing = try self.service(fixture, "not-partitioned", retention: "")
                for _ in 0..<2 { await failing.look() }
                #expect(counter(DaemonMetricNames.retentionFailures, "pipeline=\"not-partitioned\"") == "2")
                #expect(fixture.log.count(containing: "partitions cannot be made") == 1)
            }
        }
    }

    @Test func itLooksEveryTenMinutesUntilItIsStopped() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture, pipeline: "ticking")
            let clock = ManualClock()
            let file = try fixture.writePipeline(name: "ticking", extra: "retention: { rejected: 5d }")
            let pipeline = try PipelineFile.read(path: file, environment: fixture.environment)
            let service = RetentionService(pipelines: [pipeline], logger: fixture.log.logger, clock: clock.clock)
            let running = Task { try await service.run() }
            await clock.waitForSleepers()
            clock.advance(by: RetentionService.firstPause)
            // Its pauses after work take no time by a clock that stands still.
            await clock.waitForSleepers()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 4)
            // They become old after the first look: what it has read is not read again so soon.
            try fixture.execute("UPDATE lorikeet.rejected SET rejected_at = now() - interval '5 days'")
            clock.advance(by: RetentionService.interval - .seconds(1))
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 4)
            clock.advance(by: .seconds(1))
            await clock.waitForSleepers()
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
            running.cancel()
            try await running.value
        }
    }
}
