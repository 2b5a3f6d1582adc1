import AdapterRegistry
import BERT
import Connectors
import DaemonFixtures
import Foundation
import TestSupport
import Testing

@testable import Daemon
@testable import LocalServers
@testable import Operations
@testable import Pipelines

/// The whole daemon over PgBouncer in transaction mode, with three connections to the server.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PgBouncerDaemonTests {
    private func withBouncer(
        _ body: (DaemonFixture, PrivatePostgres, PrivatePgBouncer) async throws -> Void
    ) async throws {
        try await withPrivatePostgres { server in
            try await withPgBouncer(before: server) { bouncer in
                try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                    try await body(
                        try await DaemonFixture(broker: broker, postgres: bouncer.dsn(database: "postgres")), server,
                        bouncer)
                }
            }
        }
    }

    private func rows(_ fixture: DaemonFixture) throws -> Int {
        try fixture.number("SELECT count(*) AS n FROM lorikeet.labels")
    }

    /// Labels, a retraining, a rollback and restarts of PgBouncer and its server; every text has one row in the end.
    @Test func itLabelsRetrainsAndRollsBack() async throws {
        try await withBouncer { fixture, server, bouncer in
            let first = try fixture.writeAdapter("first")
            let file = try fixture.writePipeline(
                extra:
                    "retrain: { minimum_new_rows: 9999, minimum_hold_out: 5, "
                    + "epochs: 8, batch: 8, rate: 1e-2, workers: 1 }"
            )
            try fixture.addAnnotations()
            try await fixture.withDaemon(file) { daemon in
                func isLive(_ digest: String?) -> Bool {
                    daemon.adapterServices.values.contains {
                        $0.liveAdapters.snapshot.adapters["noise"]?.adapter.digest == digest
                    }
                }
                try fixture.produce(100)
                try await fixture.untilLabelled(100)

                let report = try await RetrainOperation.run(
                    task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
                #expect(report.verdict == "promoted", "\(report.reason)")
                // Polled for every second.
                try await eventually("the promotion", within: .seconds(20)) { isLive(report.challenger) }
                try fixture.produce(100, from: 100)
                try await fixture.untilLabelled(200)

                let store = PostgresAdapterStore(fixture.settings)
                _ = try await store.rollback(task: "noise")
                try await eventually("the rollback", within: .seconds(20)) { isLive(first.digest) }
                await store.close()

                bouncer.crash()
                try fixture.produce(100, from: 200)
                try await bouncer.start()
                try await fixture.untilLabelled(300)
                try server.restart()
                try fixture.produce(100, from: 300)
                try await fixture.untilLabelled(400)
                #expect(await daemon.readiness().ready)
                #expect(try fixture.digests() == [first.digest, report.challenger])
            }
            let origins = "SELECT count(DISTINCT (\"partition\", \"offset\", produced_at)) AS n FROM lorikeet.labels"
            #expect(try fixture.number(origins) == 400 && rows(fixture) == 400)
            #expect(try fixture.number("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'") == 0)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.leases") == 0)
        }
    }

    /// Two daemons share the pooler; neither has a direct connection that would hear of a change.
    @Test func aRollbackReachesEveryDaemon() async throws {
        // A poll that has just begun, the next one, and time to load the adapter: within two seconds.
        #expect(LiveAdapterService.defaultPollInterval <= .seconds(1))
        try await withBouncer { fixture, _, _ in
            let first = try fixture.writeAdapter("first")
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            let store = PostgresAdapterStore(fixture.settings)
            @Sendable func isLive(_ adapter: Adapter, in daemon: LorikeetDaemon) -> Bool {
                daemon.adapterServices.values.contains {
                    $0.liveAdapters.snapshot.adapters["noise"]?.adapter.digest == adapter.digest
                }
            }
            try await fixture.withDaemon(try fixture.writePipeline()) { one in
                try await fixture.withDaemon(try fixture.writePipeline()) { two in
                    @Sendable func untilLive(_ adapter: Adapter) async throws {
                        for daemon in [one, two] {
                            try await eventually("version \(adapter.digest.prefix(4)) in both", within: .seconds(30)) {
                                isLive(adapter, in: daemon)
                            }
                        }
                    }
                    try await untilLive(first)
                    let version = try await store.publish(
                        task: "noise", adapter: second, metrics: [:], parentDigest: first.digest)
                    _ = try await store.promote(task: "noise", version: version.version)
                    try await untilLive(second)
                    _ = try await store.rollback(task: "noise")
                    try await untilLive(first)
                    try fixture.produce(100)
                    try await fixture.untilLabelled(100)
                    #expect(try fixture.digests() == [first.digest])
                }
            }
            await store.close()
        }
    }

    /// The second one ends at once and names the first; when that has ended, the next one runs.
    @Test func oneRetrainingAtATime() async throws {
        try await withBouncer { fixture, _, _ in
            let file = try fixture.writePipeline(
                task: "{ labels: [calm, loud] }",
                extra: "retrain: { minimum_hold_out: 5, epochs: 1, batch: 8, workers: 1 }")
            try fixture.addAnnotations()
            let retrain: @Sendable () async throws -> RetrainReport = {
                try await RetrainOperation.run(
                    task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
            }
            let rows = PostgresLabelledRowSource(fixture.settings)
            let second = try await rows.withLease(task: "noise") { _ in try await retrain() }.value
            await rows.close()
            #expect(second?.verdict == "skipped")
            #expect(
                second?.reason.contains(", process \(ProcessInfo.processInfo.processIdentifier), since 20") == true,
                "\(second?.reason ?? "")")
            let next = try await retrain()
            #expect(["promoted", "held", "rejected"].contains(next.verdict), "\(next.reason)")
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.retrainings") == 1)
        }
    }

    /// With `sink.postgres_direct` a notification comes before any poll.
    @Test func aDirectConnectionHearsNotifications() async throws {
        try await withBouncer { fixture, server, bouncer in
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            let folder = fixture.folder.path + "/base"
            let tasks = [
                "noise": ServedTask(
                    form: AdapterRequirements(labels: DaemonFixture.labels),
                    firstAdapter: try fixture.writeAdapter("first"))
            ]
            let adapterService = LiveAdapterService(
                postgres: fixture.postgres, direct: Secret(server.dsn()), tasks: tasks,
                base: ServingBase(
                    try LoadedBase(BaseFolder(folder)), folder: folder, isAutomatic: false, logger: fixture.log.logger),
                logger: fixture.log.logger, pollInterval: .seconds(3600))
            let keeping = Task { try await adapterService.run() }
            let store = PostgresAdapterStore(fixture.settings)
            try await eventually("the first adapter") { adapterService.liveAdapters.snapshot.adapters["noise"] != nil }
            try await eventually("the listener") {
                try fixture.number(
                    """
                    SELECT count(*) AS n FROM pg_stat_activity
                    WHERE application_name = 'lorikeet listens' AND query LIKE 'LISTEN%'
                    """
                ) == 1
            }
            let version = try await store.publish(task: "noise", adapter: second, metrics: [:], parentDigest: nil)
            _ = try await store.promote(task: "noise", version: version.version)
            try await eventually("the swap") {
                adapterService.liveAdapters.snapshot.adapters["noise"]?.adapter.digest == second.digest
            }
            keeping.cancel()
            try await keeping.value
            await store.close()
        }
    }

    @Test func checkSaysWhetherADirectConnectionHearsNotifications() async throws {
        try await withBouncer { fixture, server, bouncer in
            for (direct, finding) in [
                (server.dsn(), "notifications arrive"), (bouncer.dsn(database: "postgres"), "through a pooler"),
                (server.dsn(database: "template1"), "no notification arrives"),
            ] {
                let file = try fixture.folder.write(
                    "direct.yaml",
                    try String(contentsOfFile: try fixture.writePipeline(), encoding: .utf8).replacing(
                        "sink: { postgres: \"${DATABASE_URL}\" }",
                        with: "sink: { postgres: \"${DATABASE_URL}\", postgres_direct: \"${DIRECT}\" }"))
                var environment = fixture.environment
                environment.variables["DIRECT"] = direct
                let report = await CheckOperation.run(
                    files: [file], options: .init(broker: false, environment: environment))
                let found = report.findings.filter { $0.key == "sink.postgres_direct" }
                #expect(
                    found.count == 1 && found.allSatisfy { $0.message.contains(finding) && $0.line != nil },
                    "\(report.findings)")
            }
        }
    }
}

extension DaemonFixture {
    /// 160 rows that a tiny model can tell apart.
    fileprivate func addAnnotations() throws {
        try execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label)
            SELECT 'noise', concat_ws(' ', word, n, word), label
            FROM generate_series(1, 160) AS n
            JOIN (VALUES (0, 'brook', 'calm'), (1, '!! ?!', 'loud')) AS words (parity, word, label) ON parity = n % 2
            """)
    }
}
