import Connectors
import DaemonFixtures
import TestSupport
import Testing

@testable import Operations

/// `lorikeet prune` on a database, from a pipeline file.
@Suite(.timeLimit(.minutes(2))) struct PruneOperationTests {
    private func addRejected(_ fixture: DaemonFixture) throws {
        try fixture.execute(
            """
            INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, stage, reason,
                rejected_at)
            SELECT 'noise', 't', 0, n, now(), 'decode', 'no', now() - n * interval '1 day'
            FROM generate_series(1, 10) AS n
            """)
    }

    private func run(_ file: String, _ fixture: DaemonFixture, isDryRun: Bool = false) async throws -> PruneReport {
        try await PruneOperation.run(file: file, isDryRun: isDryRun, environment: fixture.environment)
    }

    @Test func oldRowsAreCountedAndDeleted() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture)
            let file = try fixture.writePipeline(extra: "retention: { rejected: 5d }")
            let dry = try await run(file, fixture, isDryRun: true)
            #expect(dry == PruneReport(pipeline: "noise", isDryRun: true, rows: [.rejected: 6]))
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 10)
            let done = try await run(file, fixture)
            #expect(done == PruneReport(pipeline: "noise", isDryRun: false, rows: [.rejected: 6]))
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 4)
            #expect(try await run(file, fixture).rows == [.rejected: 0])
        }
    }

    @Test func aFileThatKeepsEverythingIsRefused() async throws {
        try await DaemonFixture.with { fixture in
            let file = try fixture.writePipeline()
            let failure = await #expect(throws: CommandFailure.self) { _ = try await run(file, fixture) }
            #expect(failure?.status == .configuration && failure?.message.contains("retention") == true)
        }
    }

    @Test func anotherProcessIsNamed() async throws {
        try await DaemonFixture.with { fixture in
            try addRejected(fixture)
            try fixture.execute(
                """
                INSERT INTO lorikeet.leases VALUES ('retention noise', gen_random_uuid(), 'db1, process 7', now(),
                    clock_timestamp() + interval '1 minute')
                """)
            let file = try fixture.writePipeline(extra: "retention: { rejected: 5d }")
            let failure = await #expect(throws: CommandFailure.self) { _ = try await run(file, fixture) }
            #expect(failure?.status == .failed && failure?.message.contains("db1, process 7") == true)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 10)
        }
    }
}
