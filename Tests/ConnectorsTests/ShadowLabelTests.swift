import AdapterRegistry
import BERT
import Foundation
import PostgresClient
import Retraining
import Serving
import TestSupport
import Testing

@testable import Connectors

/// The labels of challengers in shadow: their rows, what is counted of them, and how they are removed.
@Suite struct ShadowLabelTests {
    private static let challenger = String(repeating: "b", count: 64)

    private func with(
        _ body: (SchemaDatabase, PostgresLabelSink, PostgresLabelledRowSource) async throws -> Void
    ) async throws {
        let database = try await SchemaDatabase.make()
        let settings = database.settings(user: try await database.makeDaemonRole())
        let sink = PostgresLabelSink(settings, pipeline: "packages")
        let source = PostgresLabelledRowSource(settings)
        let result: Result<Void, any Error>
        do { result = .success(try await body(database, sink, source)) } catch { result = .failure(error) }
        await sink.close()
        await source.close()
        try result.get()
    }

    private func shadow(
        _ label: String?, beside champion: TaskLabel, change: ShadowChange = .none, score: Double = 0.5,
        by digest: String = challenger
    ) -> ShadowLabel {
        let label = TaskLabel(
            task: champion.task, label: label, score: score, scores: [("games", score), ("devel", 0.5)],
            abstained: label == nil, adapterDigest: digest)
        return ShadowLabel(label: label, champion: champion, change: change)
    }

    /// A message with a label and that of a challenger.
    private func outcome(
        _ offset: Int64, _ label: String? = "games", change: ShadowChange = .none, score: Double = 0.5,
        by digest: String = challenger
    ) -> Outcome {
        let champion = Samples.label("section", "games")
        return .labelled(
            LabelledMessage(
                message: Samples.message(offset), text: "text \(offset)", labels: [champion],
                shadows: [shadow(label, beside: champion, change: change, score: score, by: digest)]))
    }

    // MARK: - Rows

    @Test func everyColumnArrives() async throws {
        try await with { database, sink, _ in
            let section = Samples.label("section", "games", score: Double(Float(0.9)))
            let tags = TaskLabel(
                task: "tags", label: nil, labels: ["a"], score: 0.8, scores: [("a", 0.8)], abstained: false,
                adapterDigest: Samples.digest)
            let set = TaskLabel(
                task: "tags", label: nil, labels: ["a", "b,\"c\""], score: 0.7, scores: [("a", 0.7)], abstained: false,
                adapterDigest: Self.challenger)
            let role = Samples.label("role", "program")
            let message = LabelledMessage(
                message: Samples.message(7, topic: "tøpic", partition: 3, producedAt: 1_700_000_000_123), text: nil,
                labels: [section, tags, role],
                shadows: [
                    shadow("devel", beside: section, change: .changed),
                    ShadowLabel(label: set, champion: tags, change: .expected), shadow(nil, beside: role),
                ])
            let receipt = try await sink.store([.labelled(message)])
            #expect(receipt == StoreReceipt(labelled: 1))
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 3)
            let rows = try database.sql("SELECT * FROM lorikeet.shadow_labels ORDER BY task")
            #expect(try rows.map { try $0.text("task") } == ["role", "section", "tags"])
            #expect(try rows[0].isNull("label") && rows[0].boolean("abstained"))
            #expect(try rows[1].text("pipeline") == "packages" && rows[1].text("topic") == "tøpic")
            #expect(try rows[1].integer("partition") == 3 && rows[1].integer("offset") == 7)
            #expect(try rows[1].timestamp("produced_at") == 1_700_000_000_123)
            #expect(try rows[1].text("label") == "devel" && rows[1].double("score") == 0.5)
            #expect(try rows[1].text("adapter_digest") == Self.challenger)
            #expect(try rows[1].text("champion_digest") == Samples.digest)
            #expect(try rows[1].double("champion_score") == 0.9)
            #expect(try rows.map { try $0.text("change") } == ["none", "changed", "expected"])
            #expect(try rows[2].texts("labels") == ["a", "b,\"c\""])
        }
    }

    @Test func aTextThatIsDeliveredAgainHasOneRow() async throws {
        try await with { database, sink, _ in
            let batch = (0..<10).map { outcome($0) }
            let first = try await sink.store(batch + batch)
            #expect(first == StoreReceipt(labelled: 20))
            _ = try await sink.store(batch.dropLast(5) + [outcome(9, "devel", change: .changed)])
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 10)
            #expect(
                try database.count("SELECT \"offset\" FROM lorikeet.shadow_labels WHERE change = 'changed'") == 9)
            // Once the shadow has ended, its row stays as it was.
            _ = try await sink.store([Samples.labelled(3)])
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 10)
        }
    }

    @Test func noStatementIsSentWithoutAChallenger() async throws {
        try await with { _, sink, _ in
            try await sink.connect()
            let before = await sink.statementCount
            _ = try await sink.store((0..<50).map { Samples.labelled($0) })
            let without = await sink.statementCount - before
            _ = try await sink.store((0..<50).map { outcome($0) })
            #expect(await sink.statementCount - before == 2 * without + 1)
        }
    }

    @Test func aTextThatIsRejectedHasNoRow() async throws {
        try await with { database, sink, _ in
            _ = try await sink.store([outcome(0), outcome(1)])
            _ = try await sink.store([Samples.rejected(1)])
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 1)
            #expect(try database.count("SELECT \"offset\" FROM lorikeet.shadow_labels") == 0)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 1)
        }
    }

    /// What the database refuses of a challenger costs no text its label.
    @Test func aRefusedRowIsDroppedAlone() async throws {
        try await with { database, sink, _ in
            let batch = (0..<20 as Range<Int64>).map { outcome($0, score: $0 == 7 ? 1.5 : 0.5) }
            let receipt = try await sink.store(batch)
            #expect(receipt == StoreReceipt(labelled: 20))
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 20)
            #expect(try database.count("SELECT count(*) FROM lorikeet.rejected") == 0)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 19)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels WHERE \"offset\" = 7") == 0)
        }
    }

    @Test func aRefusedMessageHasNoShadowEither() async throws {
        try await with { database, sink, _ in
            try database.sql("ALTER TABLE lorikeet.labels ADD CONSTRAINT odd CHECK (\"offset\" <> 3)")
            let receipt = try await sink.store((0..<8).map { outcome($0) })
            #expect(receipt == StoreReceipt(labelled: 7, rejected: 1, refused: ["23514": 1]))
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 7)
        }
    }

    // MARK: - Counting

    /// A challenger that the registry has in shadow.
    private func startShadow(
        _ database: SchemaDatabase, minimumTexts: Int = 5
    ) async throws -> (store: PostgresAdapterStore, version: AdapterVersion) {
        let store = PostgresAdapterStore(database.settings())
        let model = try TinyModel.shared.get()
        for seed in 1...2 as ClosedRange<UInt64> {
            let adapter = try model.adapter(labels: ["games", "devel"], seed: seed)
            _ = try await store.publish(task: "section", adapter: adapter, metrics: [:], parentDigest: nil)
        }
        _ = try await store.promote(task: "section", version: 1)
        let terms = ShadowTerms(
            retraining: 1, champion: Samples.digest, seconds: 3600, changedLabels: 0.1, minimumTexts: minimumTexts)
        return (store, try await store.startShadow(task: "section", version: 2, terms))
    }

    @Test func onlyTheTextsOfThisShadowCount() async throws {
        try await with { database, sink, source in
            let (store, version) = try await startShadow(database)
            #expect(try await source.comparison(of: version) == ShadowComparison())
            _ = try await sink.store(
                (0..<3).map { outcome($0, score: 0.25, by: version.digest) }
                    + [
                        outcome(3, "devel", change: .changed, score: 0.75, by: version.digest),
                        outcome(4, "fresh", change: .expected, score: 1, by: version.digest), outcome(5),
                        Samples.labelled(6),
                    ])
            let comparison = try await source.comparison(of: version)
            #expect(comparison.texts == 5 && comparison.changed == 1 && comparison.expected == 1)
            #expect(comparison.championConfidence == 0.75 && comparison.challengerConfidence == 0.5)
            let progress = try await source.progress(of: version)
            #expect(progress.texts == 5 && progress.seconds >= 0 && progress.seconds < 3600)
            // It is put in shadow again: texts from before count no more.
            try await store.reject(task: "section", version: 2)
            let terms = try #require(version.shadow?.terms)
            let again = try await store.startShadow(task: "section", version: 2, terms)
            #expect(try await source.comparison(of: again).texts == 0)
            await store.close()
        }
    }

    /// A daemon that shuts down must not wait for ten minutes.
    @Test(.timeLimit(.minutes(1))) func aCancelledTaskEndsTheComparison() async throws {
        try await with { database, _, _ in
            let (store, version) = try await startShadow(database)
            let source = PostgresLabelledRowSource(database.settings())
            let holder = try database.connect()
            try holder.execute("BEGIN")
            try holder.execute("LOCK TABLE lorikeet.shadow_labels IN ACCESS EXCLUSIVE MODE")
            let comparing = Task { try await source.comparison(of: version) }
            try await database.waitUntilBlocked()
            comparing.cancel()
            let error = await #expect(throws: ConnectorError.self) { try await comparing.value }
            #expect(error?.action == .retry)
            holder.close()
            #expect(try await source.comparison(of: version).texts == 0)
            await source.close()
            await store.close()
        }
    }

    @Test func textsAreCountedUpToTheRequiredNumber() async throws {
        try await with { database, sink, source in
            let (store, version) = try await startShadow(database, minimumTexts: 3)
            _ = try await sink.store((0..<9).map { outcome($0, by: version.digest) })
            #expect(try await source.progress(of: version).texts == 3)
            #expect(try await source.comparison(of: version).texts == 9)
            await store.close()
        }
    }

    @Test func onlyRowsOfShadowsThatHaveEndedArePruned() async throws {
        try await with { database, sink, _ in
            let (store, version) = try await startShadow(database)
            _ = try await sink.store((0..<4).map { outcome($0, by: version.digest) } + [outcome(4), outcome(5)])
            #expect(try await store.pruneShadowLabels(task: nil, isDryRun: true) == 2)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 6)
            #expect(try await store.pruneShadowLabels(task: "role", isDryRun: false) == 0)
            #expect(try await store.pruneShadowLabels(task: "section", isDryRun: false) == 2)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 4)
            try await store.endShadow(task: "section", version: 2)
            #expect(try await store.pruneShadowLabels(task: nil, isDryRun: false) == 4)
            #expect(try database.count("SELECT count(*) FROM lorikeet.shadow_labels") == 0)
            await store.close()
        }
    }

    // MARK: - The registry and the journal

    @Test func aTaskHasOneChallengerInShadow() async throws {
        try await with { database, _, _ in
            let (store, _) = try await startShadow(database)
            let error = #expect(throws: PostgresError.self) {
                try database.sql(
                    "UPDATE lorikeet.adapters SET state = 'shadow', shadow = '{}', shadow_since = now() "
                        + "WHERE version = 1")
            }
            #expect(error?.constraintName == "adapters_one_shadow_per_task")
            // Terms that cannot be read keep nothing else from being read.
            try database.sql("UPDATE lorikeet.adapters SET shadow = '{}' WHERE version = 2")
            #expect(try await store.live(tasks: ["section"]).map(\.version) == [1])
            #expect(try await store.shadows(tasks: ["section"]).map(\.shadow) == [nil])
            _ = try await store.promote(task: "section", version: 1)
            #expect(try await store.shadows(tasks: ["section"]).isEmpty)
            await store.close()
        }
    }

    /// A shadow keeps retrainings from starting, its end considers no rows, and its rows are not trained on again.
    @Test func theScheduleKnowsAboutShadows() async throws {
        try await with { database, _, source in
            let (store, version) = try await startShadow(database)
            let since = try #require(version.shadow?.since)
            let until = try #require(
                try await source.scheduleFacts(tasks: ["section"], now: since, dtype: "int8")["section"]?.shadowUntil)
            // By the database's clock: what is left is counted from the moment that is given.
            #expect((3500...3600).contains(until.timeIntervalSince(since)))
            let training = try await source.begin(task: "section", trigger: .rows, champion: nil)
            var ending = RetrainingEnding(verdict: .shadow, reason: "won")
            (ending.challengerVersion, ending.looks, ending.trainingDigest) = (2, 1, "d1gest")
            try await source.finish(training, ending)
            #expect(try await source.unsuccessful(task: "section", trainingDigest: "d1gest")?.id == training)
            try database.annotate([("chess", "games"), ("swift", "devel")], task: "section")
            #expect(try await source.newRows(task: "section") == 2)

            let end = try await source.begin(task: "section", trigger: .shadow, champion: nil)
            ending.verdict = .promoted
            try await source.finish(end, ending)
            _ = try await store.promote(task: "section", version: 2)
            #expect(try await source.newRows(task: "section") == 2, "they arrived in its shadow")
            try database.sql("UPDATE lorikeet.retrainings SET started_at = now() - interval '1 day' WHERE id = 1")
            let all = try await source.scheduleFacts(tasks: ["section"], now: since, dtype: "int8")
            let facts = try #require(all["section"])
            let elapsed = since.timeIntervalSince(try #require(facts.lastRun))
            #expect(facts.shadowUntil == nil && elapsed >= 86400, "the end of a shadow is no run")
            #expect(try await source.unsuccessful(task: "section", trainingDigest: "d1gest") == nil)
            #expect(try await source.lastJudgement(task: "section")?.trigger == .shadow)
            await store.close()
        }
    }

    /// An upgrade asks for no other grant than a new version does.
    @Test func whoWritesLabelsWritesTheseAfterAnUpgrade() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let older = Migration.all.filter { $0.version < Migration.shadow.version }
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older)
        let role = "writer_\(database.name)"
        try database.sql(
            "CREATE ROLE \(role)", "GRANT SELECT, INSERT, UPDATE, DELETE ON lorikeet.labels TO \(role)")
        _ = try await Schema.migrate(database.settings(), grantingTo: nil, migrations: older + [.shadow])
        for privilege in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
            let question = "SELECT has_table_privilege('\(role)', 'lorikeet.shadow_labels', '\(privilege)')::int"
            #expect(try database.count(question) == 1, "\(privilege)")
        }
    }
}
