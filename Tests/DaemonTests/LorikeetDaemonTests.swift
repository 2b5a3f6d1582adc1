import BERT
import Connectors
import DaemonFixtures
import Foundation
import PostgresClient
import TestSupport
import Testing

@testable import Daemon
@testable import Operations
@testable import Pipelines

/// The daemon in this process, over a real database and a broker on sockets.
@Suite(.serialized) struct LorikeetDaemonTests {
    @Test func itLabelsSwapsAdaptersAndDrains() async throws {
        try await DaemonFixture.with { fixture in
            let first = try fixture.writeAdapter("first", seed: 1)
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            let file = try fixture.writePipeline()
            try fixture.produce(100)
            try await fixture.withDaemon(file, options: fixture.options(http: "127.0.0.1:0")) { daemon in
                let address = try #require(await daemon.httpAddress())
                try await fixture.untilLabelled(100)
                #expect(try fixture.digests() == [first.digest])
                let ready = try await HTTPAnswer.get("/readyz", from: address)
                #expect(ready.status == 200, "\(ready.body)")
                #expect(try await HTTPAnswer.get("/healthz", from: address).status == 200)

                let store = PostgresAdapterStore(fixture.settings)
                let candidate = try await store.publish(
                    task: "noise", adapter: second, metrics: [:], parentDigest: first.digest)
                _ = try await store.promote(task: "noise", version: candidate.version)
                await store.close()
                try await eventually("the swap") {
                    daemon.adapterServices.values.contains {
                        $0.liveAdapters.snapshot.adapters["noise"]?.adapter.digest == second.digest
                    }
                }
                try fixture.produce(100, from: 100)
                try await fixture.untilLabelled(200)
                #expect(try fixture.digests() == [first.digest, second.digest])

                let page = try await HTTPAnswer.get("/metrics", from: address).body
                #expect(page.contains("lorikeet_messages_total{pipeline=\"noise\"} "))
                #expect(
                    page.contains("lorikeet_adapter_info{digest=\"\(second.digest)\",task=\"noise\",version=\"2\"} 1"))
                #expect(page.contains("# TYPE lorikeet_stage_seconds histogram"))
                for name in page.matches(of: /# TYPE (\w+)/) { #expect(page.contains("# HELP \(name.1) ")) }
                // Texts in flight at the stop are stored or abandoned, never lost.
                try fixture.produce(50, from: 200)
            }
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") >= 200)
            try await fixture.withDaemon(file) { _ in
                try await fixture.untilLabelled(250)
            }
            let orphans =
                "SELECT count(*) AS n FROM lorikeet.labels l "
                + "WHERE NOT EXISTS (SELECT FROM lorikeet.adapters a WHERE a.digest = l.adapter_digest)"
            #expect(try fixture.number(orphans) == 0)
            #expect(fixture.log.all.first?.contains("msg=starting") == true)
            #expect(fixture.log.count(containing: "river") == 0)
        }
    }

    @Test func theTypeOfTheBaseIsInLogMetricsAndRowsAndNeedsARestart() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline(extra: "dtype: int8")
            try await fixture.withDaemon(file, options: fixture.options(http: "127.0.0.1:0")) { daemon in
                let address = try #require(await daemon.httpAddress())
                try fixture.produce(10)
                try await fixture.untilLabelled(10)
                #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE dtype = 'int8'") == 10)
                let page = try await HTTPAnswer.get("/metrics", from: address).body
                // Daemons of other tests in this process have lines of their own.
                let lines = page.split(separator: "\n").filter { $0.hasPrefix("lorikeet_build_info{") }
                #expect(lines.contains { $0.contains("dtype=\"int8\"") && $0.contains(", int8 ") }, "\(lines)")

                _ = try fixture.writePipeline(extra: "dtype: float32")
                #expect(await daemon.reload() == false)
                #expect(fixture.log.count(containing: "dtype: another type needs a restart") == 1)
                // Without the key it is another type too.
                _ = try fixture.writePipeline()
                #expect(await daemon.reload() == false)
                _ = try fixture.writePipeline(extra: "dtype: int8\nunrouted: drop")
                #expect(await daemon.reload() == true)
            }
            let first = try #require(fixture.log.all.first)
            #expect(first.contains(" dtype=int8") && first.contains("dtype_reason") != DataType.int8.isFast, "\(first)")

            let automatic = try fixture.writePipeline(extra: "dtype: auto")
            try await fixture.withDaemon(automatic) { _ in
                try fixture.produce(10, from: 10)
                try await fixture.untilLabelled(20)
            }
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE dtype = 'float32'") == 10)
            #expect(fixture.log.count(containing: "dtype=float32 dtype_reason=\"not measured: ") == 1)
        }
    }

    @Test func aFileThatDisappearsChangesNothingAndStartsNothing() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                try FileManager.default.removeItem(atPath: file)
                #expect(await daemon.reload() == false)
                #expect(fixture.log.count(containing: "p.yaml: no such file") == 1)
                try fixture.produce(5)
                try await fixture.untilLabelled(5)
            }
            let failure = #expect(throws: CommandFailure.self) {
                _ = try LorikeetDaemon(files: [file], options: fixture.options(), logger: fixture.log.logger)
            }
            #expect(failure?.status == .configuration && failure?.message.hasSuffix("p.yaml: no such file") == true)
        }
    }

    @Test func aReloadWithABadFileChangesNothingAndAGoodOneIsApplied() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let runtime = try TemporaryFolder()
            var options = fixture.options()
            options.environment.variables["RUNTIME_DIRECTORY"] = runtime.path
            try await fixture.withDaemon(file, options: options) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                let before = await daemon.supervisor.configurations

                _ = try fixture.writePipeline(extra: "unknown: 1")
                #expect(await daemon.reload() == false)
                let refused = try #require(try ReloadReport.read(from: runtime.path))
                #expect(refused.problems.count == 1 && refused.problems[0].contains("unknown: unknown key"))
                #expect(fixture.log.count(containing: "unknown: unknown key") == 1)
                _ = try fixture.writePipeline(task: "{ labels: [calm, other], adapter: first }")
                #expect(await daemon.reload() == false)
                _ = try fixture.writePipeline(extra: "routes: [{ tasks: [noise, more] }]")
                #expect(await daemon.reload() == false)
                #expect(await daemon.supervisor.configurations == before)
                try fixture.produce(10)
                try await fixture.untilLabelled(10)

                _ = try fixture.writePipeline(task: "{ labels: [calm, loud], adapter: first, abstain_below: 1 }")
                #expect(await daemon.reload() == true)
                let applied = try #require(try ReloadReport.read(from: runtime.path))
                #expect(applied.problems.isEmpty && applied.began > refused.began)
                try fixture.produce(10, from: 10)
                try await eventually("abstentions") {
                    try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE abstained") == 10
                }

                _ = try fixture.writePipeline(name: "renamed")
                #expect(await daemon.reload() == true)
                try fixture.produce(10, from: 20)
                try await eventually("rows of the renamed pipeline") {
                    try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE pipeline = 'renamed'") == 10
                }
            }
        }
    }

    @Test func aTaskThatAReloadRemovesLeavesTheLiveSet() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try fixture.writeAdapter("second", seed: 2)
            let file = try fixture.writePipeline()
            let one = try String(contentsOfFile: file, encoding: .utf8)
            let two = one.replacing("tasks:\n", with: "tasks:\n  other: { labels: [calm, loud], adapter: second }\n")
            try fixture.folder.write("p.yaml", two)
            try await fixture.withDaemon(file) { daemon in
                let service = try #require(daemon.adapterServices.values.first)
                try await eventually("ready") { await daemon.readiness().ready }
                #expect(service.liveAdapters.snapshot.adapters.keys.sorted() == ["noise", "other"])
                // Those in use were read from the database.
                #expect(service.currentTasks.values.allSatisfy { $0.firstAdapter == nil })
                try fixture.produce(20)
                try fixture.folder.write("p.yaml", one)
                #expect(await daemon.reload() == true)
                #expect(service.liveAdapters.snapshot.adapters.keys.sorted() == ["noise"])
                #expect(service.currentTasks.values.allSatisfy { $0.firstAdapter == nil })
                try await eventually("every text has its label, those in flight at the reload too") {
                    try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE task = 'noise'") == 20
                }
                #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
                try fixture.folder.write("p.yaml", two)
                #expect(await daemon.reload() == true)
                #expect(service.liveAdapters.snapshot.adapters.keys.sorted() == ["noise", "other"])
            }
        }
    }

    @Test func aPipelineThatStartsAgainKeepsItsPlace() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let other = try fixture.folder.write(
                "q.yaml",
                text.replacing("name: noise", with: "name: second").replacing("group: readers", with: "group: others"))
            try await fixture.withDaemon(file, other) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                try fixture.folder.write("p.yaml", text.replacing("group: readers", with: "group: fresh"))
                #expect(await daemon.reload() == true)
                #expect(await daemon.statuses().map(\.pipeline) == ["noise", "second"])
                try fixture.folder.write("p.yaml", text)
                try fixture.folder.write("q.yaml", text.replacing("name: noise", with: "name: third"))
                #expect(await daemon.reload() == true)
                #expect(await daemon.statuses().map(\.pipeline) == ["noise", "third"])
            }
        }
    }

    /// Whatever else takes long to end: until it drains, a pipeline goes on reading.
    @Test func pipelinesDrainFirst() async throws {
        try await DaemonFixture.with { fixture in
            let ended = fixture.folder.path + "/ended"
            // Runs until it is asked to end.
            let program = try fixture.writeProgram(
                """
                #!/bin/sh
                touch '\(ended).not'
                cat > /dev/null
                touch '\(ended)'
                """)
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1 }")
            var options = fixture.options()
            (options.retrainProgram, options.drainTimeout) = (program, .seconds(60))
            try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
            try await fixture.withDaemon(file, options: options) { daemon in
                try await eventually("a retraining") { FileManager.default.fileExists(atPath: ended + ".not") }
                let lock = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
                defer { lock.close() }
                try lock.execute("BEGIN")
                try lock.execute("LOCK TABLE lorikeet.labels IN ACCESS EXCLUSIVE MODE")
                try fixture.produce(1)
                try await eventually("it is in flight") { await daemon.statuses().first?.inFlight == 1 }
                await daemon.stop()
                try await eventually("the pipeline drains") { await daemon.statuses().first?.state == .draining }
                #expect(!FileManager.default.fileExists(atPath: ended))
                try lock.execute("ROLLBACK")
            }
            #expect(FileManager.default.fileExists(atPath: ended))
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 1)
        }
    }

    /// As docs/pipeline-file.md says under `tasks`: also after a restart.
    @Test func aNewLabelDoesNotKeepTheOldAdapterFromLabelling() async throws {
        try await DaemonFixture.with { fixture in
            let first = try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                _ = try fixture.writePipeline(task: "{ labels: [calm, loud, odd], adapter: first }")
                #expect(await daemon.reload() == true)
                #expect(fixture.log.count(containing: "reason=\"it does not give odd\"") == 1)
                try fixture.produce(5)
                try await fixture.untilLabelled(5)
            }
            let grown = try fixture.model.adapter(labels: DaemonFixture.labels + ["odd"], seed: 2)
            try fixture.produce(5, from: 5)
            try await fixture.withDaemon(file) { daemon in
                try await fixture.untilLabelled(10)
                #expect(try fixture.digests() == [first.digest])
                #expect(await daemon.readiness().ready)
                let store = PostgresAdapterStore(fixture.settings)
                let version = try await store.publish(
                    task: "noise", adapter: grown, metrics: [:], parentDigest: first.digest)
                _ = try await store.promote(task: "noise", version: version.version)
                await store.close()
                try await eventually("the new adapter") {
                    fixture.log.count(containing: "digest=\(grown.digest.prefix(12))") > 0
                }
                try fixture.produce(5, from: 10)
                try await fixture.untilLabelled(15)
            }
            #expect(try fixture.digests() == [first.digest, grown.digest])
        }
    }

    /// A reload with a property that no consumer can be made of changes nothing.
    @Test func aReloadWithAPropertyThatNoConsumerTakesIsRefused() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try Data(text.replacing("session.timeout.ms", with: "session.timeout").utf8).write(
                    to: URL(fileURLWithPath: file))
                #expect(await daemon.reload() == false)
                #expect(fixture.log.count(containing: "use session.timeout.ms") == 1)
                try fixture.produce(5)
                try await fixture.untilLabelled(5)
            }
        }
    }

    @Test func aPropertyThatNoConsumerTakesEndsItWithStatus78() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try fixture.folder.write("p.yaml", text.replacing("session.timeout.ms", with: "session.timeout"))
            let failure = #expect(throws: CommandFailure.self) {
                try LorikeetDaemon(files: [file], options: fixture.options())
            }
            #expect(failure?.status == .configuration)
            #expect(failure?.message.contains("use session.timeout.ms") == true)
        }
    }

    @Test func withoutAnAdapterItWaitsAndLogsOnce() async throws {
        try await DaemonFixture.with { fixture in
            let file = try fixture.writePipeline(task: "{ labels: [calm, loud] }")
            try fixture.produce(5)
            try await fixture.withDaemon(file) { daemon in
                try await eventually("the reason") {
                    await daemon.readiness().pipelines.first?.waitingFor == "a live adapter for noise"
                }
                #expect(await !daemon.readiness().ready)
                #expect(await daemon.liveness().alive)
                try await eventually("the log line") {
                    fixture.log.count(containing: "no live adapter: train and import one") == 1
                }
                let store = PostgresAdapterStore(fixture.settings)
                let adapter = try fixture.model.adapter(labels: DaemonFixture.labels)
                _ = try await store.ensureLive(task: "noise", first: adapter)
                await store.close()
                try await fixture.untilLabelled(5)
                #expect(await daemon.readiness().ready)
            }
        }
    }

    @Test func anAdapterWithOtherLabelsInTheRegistryIsNotUsed() async throws {
        try await DaemonFixture.with { fixture in
            let store = PostgresAdapterStore(fixture.settings)
            _ = try await store.ensureLive(task: "noise", first: try fixture.model.adapter(labels: ["calm", "quiet"]))
            await store.close()
            let file = try fixture.writePipeline(task: "{ labels: [calm, loud] }")
            try await fixture.withDaemon(file) { daemon in
                try await eventually("the reason") {
                    await daemon.readiness().pipelines.first?.waitingFor?.contains(
                        "labels differ: the adapter lacks loud") == true
                }
            }
        }
    }

    /// A reload with other labels: the daemon stays ready and labels with the old set until the new one is promoted.
    @Test func theOldLabelsAreInUseUntilTheNewOnesArePromoted() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                _ = try fixture.writePipeline(
                    task: "{ labels: [calm, noisy, new], rename: { loud: noisy }, adapter: first }")
                #expect(await daemon.reload() == true)
                #expect(await daemon.readiness().ready)
                try fixture.produce(10)
                try await fixture.untilLabelled(10)
                #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE label = 'noisy'") == 0)
                let line = try #require(fixture.log.all.first { $0.contains("live adapter has other labels") })
                #expect(line.contains("reason=\"it does not give new; it still gives loud\""), "\(line)")

                let store = PostgresAdapterStore(fixture.settings)
                let adapter = try fixture.model.adapter(labels: ["calm", "noisy", "new"], seed: 7)
                let version = try await store.publish(task: "noise", adapter: adapter, metrics: [:], parentDigest: nil)
                _ = try await store.promote(task: "noise", version: version.version)
                await store.close()
                try await eventually("the new adapter") {
                    daemon.adapterServices.values.first?.liveAdapters.snapshot.adapters["noise"]?.adapter.digest
                        == adapter.digest
                }
                #expect(fixture.log.count(containing: "live adapter has other labels") == 1)
            }
        }
    }

    @Test func rowsThatCannotBeUsedAreAMetric() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try fixture.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label)
                VALUES ('noise', 'a', 'Calm'), ('noise', 'b', 'calmm'), ('noise', 'c', 'calm'), ('noise', '', 'calm')
                """)
            let file = try fixture.writePipeline(extra: "retrain: { minimum_new_rows: 1000 }")
            try await fixture.withDaemon(file) { daemon in
                try await eventually("the counts") {
                    let page = await daemon.metricsText()
                    return ["case", "letter", "no_text"].allSatisfy {
                        page.contains("lorikeet_task_unusable_rows{task=\"noise\",kind=\"\($0)\"} 1\n")
                            || page.contains("lorikeet_task_unusable_rows{kind=\"\($0)\",task=\"noise\"} 1\n")
                    }
                }
            }
        }
    }

    @Test func aRoleThatMayCreateNothingSuffices() async throws {
        try await withTestDatabase { database in
            let role = "\(database.name)_daemon"
            let owner = try database.connect()
            try owner.execute("CREATE ROLE \(role) LOGIN")
            owner.close()
            _ = try await MigrateOperation.run(postgres: Secret(database.dsn()), role: role)
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                let fixture = try await DaemonFixture(
                    broker: broker, postgres: database.dsn(user: role), migrates: false)
                try fixture.writeAdapter("first")
                try fixture.produce(5)
                try await fixture.withDaemon(try fixture.writePipeline()) { _ in
                    try await fixture.untilLabelled(5)
                }
            }
            let administrator = try database.connect()
            try administrator.execute("DROP OWNED BY \(role)")
            try administrator.execute("DROP ROLE \(role)")
            administrator.close()
        }
    }

    @Test func permanentFailuresEndItWithStatus78() async throws {
        try await withTestDatabase { database in
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                func failure(_ dsn: String) async throws -> CommandFailure? {
                    let fixture = try await DaemonFixture(broker: broker, postgres: dsn, migrates: false)
                    try fixture.writeAdapter("first")
                    let file = try fixture.writePipeline()
                    do throws(CommandFailure) {
                        try await LorikeetDaemon(files: [file], options: fixture.options(), logger: fixture.log.logger)
                            .run()
                        return nil
                    } catch {
                        return error
                    }
                }
                let noSchema = try await failure(database.dsn())
                #expect(noSchema?.status == .configuration)
                #expect(noSchema?.message.contains("run `lorikeet migrate`") == true)
                let noRole = try await failure(database.dsn(user: "nobody_at_all", password: "hunter2"))
                #expect(noRole?.status == .configuration)
                #expect(noRole?.message.contains("hunter2") == false)

                let wrongWord = try await failure("host=localhost sslmode=bogus")
                #expect(wrongWord?.status == .configuration)
                #expect(wrongWord?.message.contains("invalid sslmode value") == true, "\(wrongWord?.message ?? "")")

                _ = try await MigrateOperation.run(postgres: Secret(database.dsn()))
                let connection = try database.connect()
                try connection.execute("UPDATE lorikeet.schema_migrations SET version = version + 1000")
                connection.close()
                let newer = try await failure(database.dsn())
                #expect(newer?.status == .configuration)
                #expect(newer?.message.contains("newer lorikeet") == true, "\(newer?.message ?? "")")
            }
        }
    }

    @Test func anUnavailableDatabaseAtStartIsRetried() async throws {
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                let fixture = try await DaemonFixture(broker: broker, postgres: server.dsn())
                try fixture.writeAdapter("first")
                try fixture.produce(5)
                try server.halt()
                let file = try fixture.writePipeline()
                try await fixture.withDaemon(file) { daemon in
                    try await eventually("the reason") {
                        await daemon.readiness().pipelines.first?.waitingFor?.hasPrefix("database: ") == true
                    }
                    try await eventually("the log line") {
                        fixture.log.count(containing: "database unavailable, retrying") > 0
                    }
                    try server.restart()
                    try await fixture.untilLabelled(5)
                }
                #expect(fixture.log.count(containing: "database unavailable, retrying") == 1)
                #expect(fixture.log.count(containing: "database recovered") == 1)
            }
        }
    }

    private static func untilReadyz(_ status: Int, says text: String, at address: String) async throws {
        try await eventually("\(status) \(text)") {
            let answer = try await HTTPAnswer.get("/readyz", from: address)
            return answer.status == status && answer.body.contains(text)
        }
    }

    @Test func readyzReportsOutages() async throws {
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                let fixture = try await DaemonFixture(broker: broker, postgres: server.dsn())
                try fixture.writeAdapter("first")
                let file = try fixture.writePipeline()
                try fixture.produce(5)
                try await fixture.withDaemon(file, options: fixture.options(http: "127.0.0.1:0")) { daemon in
                    let address = try #require(await daemon.httpAddress())
                    func untilReadyz(_ status: Int, says text: String) async throws {
                        try await Self.untilReadyz(status, says: text, at: address)
                    }
                    try await fixture.untilLabelled(5)
                    try await untilReadyz(200, says: "running")

                    try server.crash()
                    try fixture.produce(5, from: 5)
                    try await untilReadyz(503, says: "PostgreSQL")
                    try server.restart()
                    try await untilReadyz(200, says: "running")
                    try await fixture.untilLabelled(10)

                    func rename(_ name: String, to other: String) throws {
                        let connection = try PostgresConnection(dsn: server.dsn())
                        try connection.execute("ALTER TABLE lorikeet.\(name) RENAME TO \(other)")
                        connection.close()
                    }
                    try rename("labels", to: "hidden")
                    try fixture.produce(5, from: 10)
                    try await untilReadyz(503, says: "lorikeet.labels")
                    try rename("hidden", to: "labels")
                    try await untilReadyz(200, says: "running")

                    try broker.setDown()
                    try await untilReadyz(503, says: "_ALL_BROKERS_DOWN")
                    try broker.setUp()
                    try await untilReadyz(200, says: "running")
                    try fixture.produce(5, from: 15)
                    try await fixture.untilLabelled(20)

                    let page = try await HTTPAnswer.get("/metrics", from: address).body
                    for cause in ["42P01", "_ALL_BROKERS_DOWN"] {
                        #expect(page.contains("lorikeet_retries_total{cause=\"\(cause)\",pipeline=\"noise\","))
                    }
                }
                #expect(fixture.log.count(containing: "msg=\"sink unavailable, retrying\"") == 2)
                #expect(fixture.log.count(containing: "msg=\"source unavailable, retrying\"") == 1)
            }
        }
    }

    @Test func anUnavailableBrokerAtStartIsRetried() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try fixture.produce(5)
            try fixture.broker.setDown()
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file) { daemon in
                try await eventually("the reason") { await daemon.readiness().pipelines.first?.waitingFor != nil }
                try fixture.broker.setUp()
                try await fixture.untilLabelled(5)
                try await eventually("ready") { await daemon.readiness().ready }
            }
        }
    }
}
