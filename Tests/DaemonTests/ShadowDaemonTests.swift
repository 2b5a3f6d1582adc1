import AdapterRegistry
import BERT
import Connectors
import DaemonFixtures
import Foundation
import TestSupport
import Testing

@testable import Daemon
@testable import Operations

/// From a retraining over the shadow of its challenger to the verdict, with the daemon in this process.
@Suite(.serialized) struct ShadowDaemonTests {
    /// An adapter that labels every text as calm. It was trained on no row, and says so.
    private func writeFirst(_ fixture: DaemonFixture) throws -> Adapter {
        let indifferent = try TrainableAdapter(
            base: fixture.model.base, configuration: LoRAConfiguration(rank: 2, alpha: 4),
            labels: DaemonFixture.labels, seed: 1)
        for index in indifferent.values.indices { indifferent.values[index] = 0 }
        let adapter = try indifferent.frozen(task: nil)
        let rows = TrainingRowsFile.content(TrainingRowSet(hashes: []), weights: adapter.weights)
        try adapter.write(to: "\(fixture.folder.path)/first", with: [TrainingRowsFile.name: rows])
        return adapter
    }

    /// Rows that teach a challenger what the first adapter does not know.
    private static let rows = """
        INSERT INTO lorikeet.annotations (task, text, label)
        SELECT 'noise', CASE n % 2 WHEN 0 THEN 'brook ' || n || ' brook' ELSE '!! ?! ' || n || ' !! ?!' END,
            CASE n % 2 WHEN 0 THEN 'calm' ELSE 'loud' END
        FROM generate_series(1, 160) AS n
        """

    private func pipeline(_ fixture: DaemonFixture, _ shadow: String) throws -> String {
        try fixture.writePipeline(
            extra: "retrain: { minimum_hold_out: 5, epochs: 8, batch: 8, rate: 1e-2, workers: 1, \(shadow) }")
    }

    /// Texts like those of the rows.
    private func produce(_ count: Int, from first: Int = 0, _ fixture: DaemonFixture) throws {
        let producer = try fixture.broker.makeProducer()
        for index in first..<first + count {
            let text = index % 2 == 0 ? "brook \(index) brook" : "!! ?! \(index) !! ?!"
            try producer.produce(
                topic: "texts", partition: Int32(index % 2), payload: Array(text.utf8), timestamp: 1000 + Int64(index))
        }
        try producer.flush(timeout: .seconds(20))
    }

    private func retrain(_ file: String, _ fixture: DaemonFixture) async throws -> RetrainReport {
        try await RetrainOperation.run(
            task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
    }

    private func untilInShadow(_ daemon: LorikeetDaemon) async throws {
        try await eventually("a challenger in shadow") {
            daemon.adapterServices.values.contains { $0.liveAdapters.snapshot.adapters["noise"]?.shadow != nil }
        }
    }

    /// The digest of the adapter with this version.
    private func digest(_ version: Int, _ fixture: DaemonFixture) throws -> String {
        let sql = "SELECT digest AS d FROM lorikeet.adapters WHERE version = \(version)"
        return try fixture.execute(sql).first?.text("d") ?? ""
    }

    @Test func aChallengerGoesLiveAfterItsShadowAlsoOverARestart() async throws {
        try await DaemonFixture.with { fixture in
            let first = try writeFirst(fixture)
            let file = try pipeline(
                fixture, "shadow: 1s, shadow_minimum_texts: 100, shadow_changed_labels: 1")
            try fixture.execute(Self.rows)
            try await fixture.withDaemon(file, options: fixture.options(http: "127.0.0.1:0")) { daemon in
                let address = try #require(await daemon.httpAddress())
                try await eventually("ready") { await daemon.readiness().ready }
                let report = try await retrain(file, fixture)
                #expect(report.verdict == "shadow", "\(report.reason)")
                try await untilInShadow(daemon)
                let page = try await HTTPAnswer.get("/metrics", from: address).body
                #expect(page.contains("lorikeet_task_shadow_texts{task=\"noise\",version=\"2\"} 0"))
                try produce(50, fixture)
                try await fixture.untilLabelled(50)
                let after = try await HTTPAnswer.get("/metrics", from: address).body
                #expect(after.contains("lorikeet_task_shadow_texts{task=\"noise\",version=\"2\"} 50"))
                #expect(after.contains("lorikeet_task_shadow_agreement{task=\"noise\",version=\"2\"} "))
            }
            let second = try digest(2, fixture)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.shadow_labels") == 50)
            #expect(try fixture.digests() == [first.digest])
            try await fixture.withDaemon(file) { daemon in
                try await untilInShadow(daemon)
                try produce(50, from: 50, fixture)
                try await eventually("the promotion") {
                    try fixture.number(
                        "SELECT count(*) AS n FROM lorikeet.adapters WHERE version = 2 AND state = 'live'") == 1
                }
                try await eventually("the swap") {
                    daemon.adapterServices.values.contains {
                        $0.liveAdapters.snapshot.adapters["noise"]?.adapter.digest == second
                    }
                }
                try produce(50, from: 100, fixture)
                try await fixture.untilLabelled(150)
            }
            try expectRows(fixture, champion: first.digest, challenger: second)
            #expect(fixture.log.count(containing: "msg=\"shadow ended\"") == 1)
            #expect(fixture.log.count(containing: "brook") == 0)
        }
    }

    /// Every text of the shadow has both labels, once, and no later text has; the journal has both verdicts.
    private func expectRows(_ fixture: DaemonFixture, champion: String, challenger: String) throws {
        let both = """
            SELECT count(*) AS n FROM lorikeet.labels AS l JOIN lorikeet.shadow_labels AS s
                USING (pipeline, topic, "partition", "offset", task, produced_at)
            WHERE l.adapter_digest = '\(champion)' AND s.adapter_digest = '\(challenger)'
                AND s.champion_digest = l.adapter_digest AND s.champion_score = l.score
            """
        #expect(try fixture.number(both) == 100)
        #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.shadow_labels") == 100)
        let newer = "SELECT count(*) AS n FROM lorikeet.labels WHERE adapter_digest = '\(challenger)'"
        #expect(try fixture.number(newer) == 50)
        let journal = """
            SELECT count(*) AS n FROM lorikeet.retrainings WHERE trigger = 'shadow' AND verdict = 'promoted'
                AND challenger_version = 2 AND report->'shadow'->'comparison'->>'texts' = '100'
            """
        #expect(try fixture.number(journal) == 1)
        #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.retrainings") == 2)
    }

    @Test func oneThatChangesTooManyLabelsWaitsForAPerson() async throws {
        try await DaemonFixture.with { fixture in
            let first = try writeFirst(fixture)
            let file = try pipeline(fixture, "shadow: 1s, shadow_minimum_texts: 60, shadow_changed_labels: 0")
            try fixture.execute(Self.rows)
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                #expect(try await retrain(file, fixture).verdict == "shadow")
                try await untilInShadow(daemon)
                try produce(60, fixture)
                try await eventually("the verdict") { fixture.log.count(containing: "msg=\"shadow ended\"") == 1 }
                try produce(20, from: 60, fixture)
                try await fixture.untilLabelled(80)
            }
            #expect(try fixture.digests() == [first.digest])
            let line = try #require(fixture.log.all.first { $0.contains("msg=\"shadow ended\"") })
            #expect(line.contains("verdict=held") && line.contains("version 2 changes too many labels"), "\(line)")
            #expect(line.contains("lorikeet adapters promote noise 2"))
            let states = "SELECT string_agg(state, ' ' ORDER BY version) AS s FROM lorikeet.adapters"
            #expect(try fixture.execute(states).first?.text("s") == "live candidate")
            // A person decides otherwise.
            let operation = AdaptersOperation(DatabaseSource(database: fixture.postgres.value, pipeline: nil))
            _ = try await operation.promote(task: "noise", version: 2, reason: "looks good")
            #expect(try fixture.execute(states).first?.text("s") == "retired live")
        }
    }

    @Test func oneThatFailsDisturbsNothing() async throws {
        try await DaemonFixture.with { fixture in
            let first = try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let broken = try TrainableAdapter(
                base: fixture.model.base, configuration: LoRAConfiguration(rank: 4, alpha: 8),
                labels: DaemonFixture.labels, seed: 3)
            for index in broken.values.indices { broken.values[index] = 1e38 }
            let adapter = try broken.frozen(task: nil)
            try await fixture.withDaemon(file) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                let store = PostgresAdapterStore(fixture.settings)
                let version = try await store.publish(
                    task: "noise", adapter: adapter, metrics: [:], parentDigest: first.digest)
                let terms = ShadowTerms(
                    retraining: 1, champion: first.digest, seconds: 86400, changedLabels: 0.1, minimumTexts: 100)
                _ = try await store.startShadow(task: "noise", version: version.version, terms)
                await store.close()
                try await untilInShadow(daemon)
                try fixture.produce(100)
                try await fixture.untilLabelled(100)
                try await eventually("its end") { fixture.log.count(containing: "msg=\"shadow ended\"") == 1 }
                #expect(await daemon.readiness().ready)
            }
            #expect(try fixture.digests() == [first.digest])
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.shadow_labels") == 0)
            let rejected = """
                SELECT count(*) AS n FROM lorikeet.retrainings WHERE trigger = 'shadow' AND verdict = 'rejected'
                    AND reason LIKE '%the scores of task noise are NaN or infinite'
                """
            #expect(try fixture.number(rejected) == 1)
        }
    }
}
