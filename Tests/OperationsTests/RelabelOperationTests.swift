import AdapterRegistry
import BERT
import Connectors
import DaemonFixtures
import Foundation
import Pipelines
import PostgresClient
import Synchronization
import TestSupport
import Testing

@testable import Operations

/// Stored texts take the serving path again, over a real database.
@Suite struct RelabelOperationTests {
    /// A pipeline whose rows the first of three adapters has labelled; the second is live.
    private struct Stage {
        let fixture: DaemonFixture
        let file: String
        /// In the order of their versions.
        let digests: [String]

        func relabel(
            _ change: (inout RelabelOperation.Request) -> Void = { _ in },
            progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
        ) async throws -> RelabelReport {
            var request = RelabelOperation.Request()
            request.environment = fixture.environment
            change(&request)
            return try await RelabelOperation.run(
                file: file, request, logger: fixture.log.logger, progress: progress)
        }

        /// Rows of `labels` that meet a condition.
        func count(_ condition: String = "true") throws -> Int {
            try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE \(condition)")
        }

        func count(of version: Int) throws -> Int { try count("adapter_digest = '\(digests[version - 1])'") }

        /// Of everything that stands in rows which meet a condition.
        func hash(_ condition: String = "true") throws -> String {
            let result = try fixture.execute(
                """
                SELECT coalesce(md5(string_agg(l::text, ',' ORDER BY "partition", "offset")), '') AS hash
                FROM lorikeet.labels AS l WHERE \(condition)
                """)
            return try #require(result.first).text("hash")
        }
    }

    private static func with(
        rows: Int = 40, task: String = "{ labels: [calm, loud], adapter: first }", live: Int = 2,
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await DaemonFixture.with { fixture in
            let store = PostgresAdapterStore(fixture.settings)
            var digests: [String] = []
            for seed in UInt64(1)...3 {
                let adapter = try fixture.model.adapter(labels: DaemonFixture.labels, seed: seed)
                let version = try await store.publish(
                    task: "noise", adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: nil)
                digests.append(version.digest)
            }
            for version in [1, live] {
                _ = try await store.promote(
                    task: "noise", version: version, Promotion(by: "test", reason: "test"), expecting: nil)
            }
            await store.close()
            try fixture.writeAdapter("first")
            try fixture.execute(insert(rows, digest: digests[0]))
            try await body(
                Stage(fixture: fixture, file: try fixture.writePipeline(task: task), digests: digests))
        }
    }

    private static func insert(_ rows: Int, digest: String) -> String {
        """
        INSERT INTO lorikeet.labels (
            pipeline, topic, "partition", "offset", task, produced_at, message_key, label, score, scores,
            adapter_digest, dtype, text, labelled_at)
        SELECT 'noise', 'texts', n % 2, n / 2, 'noise', timestamptz '2026-01-01 UTC' + n * interval '1 hour',
            convert_to('key ' || n, 'UTF8'), 'calm', 0.5, '{"calm": 0.5, "loud": 0.5}', '\(digest)', 'float32',
            'text ' || n || ' of the river', timestamptz '2026-01-01 UTC' + (n + 1) * interval '1 hour'
        FROM generate_series(0, \(rows - 1)) AS n
        """
    }

    private static func failure(_ body: () async throws -> Void) async throws -> CommandFailure {
        try #require(await #expect(throws: CommandFailure.self) { try await body() })
    }

    // MARK: - The whole

    /// More rows than a page, in two partitions.
    @Test func everyRowGetsTheLabelOfTheLiveAdapter() async throws {
        try await Self.with(rows: 1300) { stage in
            let progress = Mutex<[Int]>([])
            let report = try await stage.relabel {
                $0.workers = 2
            } progress: { done, total in
                progress.withLock { $0.append(done) }
                #expect(total == 1300)
            }
            #expect(report.rows == 1300 && report.relabelled == 1300 && report.overtaken == 0)
            #expect(report.isComplete && !report.isDryRun && report.failed.isEmpty && report.promotions.isEmpty)
            #expect(progress.withLock { $0.last } == 1300)
            #expect(progress.withLock { $0 == $0.sorted() })
            #expect(try stage.count(of: 2) == 1300)
            #expect(try stage.count("labelled_at > now() - interval '1 hour' AND dtype = 'float32'") == 1300)
            #expect(
                try stage.count("message_key = convert_to('key ' || (\"offset\" * 2 + \"partition\"), 'UTF8')") == 1300)
            #expect(try stage.count("(scores ->> label)::float8 = score") == 1300)
            #expect(try stage.count("label <> 'calm'") == report.changed)
            #expect(try stage.fixture.number("SELECT count(*) AS n FROM lorikeet.labels_history") == 0)
            #expect(try stage.fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
            // Nothing is left to do, and nothing is written again.
            let hash = try stage.hash()
            #expect(try await stage.relabel() == RelabelReport())
            #expect(try stage.hash() == hash)
        }
    }

    /// What a daemon says of a text and what relabelling says of it differ in nothing but the key and the time.
    @Test func rowsAreThoseOfADaemon() async throws {
        try await Self.with(rows: 24, task: "{ labels: [calm, loud], adapter: first, abstain_below: 0.6 }") { stage in
            try await stage.fixture.withDaemon(stage.file) { _ in
                try stage.fixture.produce(24, from: 0)
                try await eventually("the daemon's rows") {
                    try stage.count("produced_at < timestamptz '2000-01-01 UTC'") == 24
                }
            }
            let report = try await stage.relabel()
            #expect(report.relabelled == 24, "\(report)")
            #expect(try stage.count(of: 2) == 48)
            let same = """
                SELECT count(*) AS n FROM lorikeet.labelled_texts AS a
                JOIN lorikeet.labelled_texts AS b ON a.text = b.text
                WHERE a.produced_at < timestamptz '2000-01-01 UTC' AND b.produced_at > timestamptz '2000-01-01 UTC'
                    AND a.label IS NOT DISTINCT FROM b.label AND abs(a.score - b.score) < 1e-4
                    AND a.abstained = b.abstained AND a.abstention_reason IS NOT DISTINCT FROM b.abstention_reason
                    AND a.dtype = b.dtype AND a.windows IS NOT DISTINCT FROM b.windows
                """
            #expect(try stage.fixture.number(same) == 24)
        }
    }

    @Test func longTextsAreReadInTheSameWindows() async throws {
        let task = "{ labels: [calm, loud], adapter: first, long_texts: { window: 24, stride: 16, pool: max } }"
        try await Self.with(rows: 4, task: task) { stage in
            try stage.fixture.execute(
                "UPDATE lorikeet.labels SET text = repeat('a b ', 40) || 'river' WHERE \"partition\" = 0")
            let report = try await stage.relabel()
            #expect(report.relabelled == 4)
            #expect(try stage.count("windows > 2 AND tokens > 80 AND evidence IS NOT NULL") == 2)
            #expect(try stage.count("windows IS NULL") == 2)
        }
    }

    /// What is published of a text says how it was read, as its row does.
    @Test func publishedRecordsSayHowALongTextWasRead() async throws {
        let task = "{ labels: [calm, loud], adapter: first, long_texts: { window: 24, stride: 16, pool: max } }"
        try await Self.with(rows: 2, task: task) { stage in
            let fixture = stage.fixture
            try fixture.broker.createTopic("labels", partitions: 1)
            let file = try fixture.writePipeline(task: task, output: "{ topic: labels }")
            let publishing = Stage(fixture: fixture, file: file, digests: stage.digests)
            let long = "quick brown fox " + String(repeating: "a b ", count: 40) + "river"
            try fixture.execute("UPDATE lorikeet.labels SET text = '\(long)' WHERE \"partition\" = 0")
            let input = try fixture.folder.write("texts.txt", "\(long)\na river\n")
            let report = try await publishing.relabel { $0.publishes = true }
            let request = LabelRequest(
                file: file, rows: .file(input, format: nil), name: "nightly", time: 5, columns: RowColumns(),
                workers: 1)
            let batch = try await LabelOperation.run(
                request, environment: fixture.environment, logger: fixture.log.logger)
            #expect(report.relabelled == 2 && report.outbox == 0 && batch.labelled == 2 && batch.outbox == 0)

            let records = try await fixture.records(of: "labels")
            let said = records.map { record in
                let text = String(decoding: record.payload ?? [], as: UTF8.self)
                let end = text.range(of: ",\"labelled_at\"")?.lowerBound ?? text.endIndex
                return text.range(of: "\"windows\"").map { String(text[$0.lowerBound..<end]) } ?? text
            }
            let rows = try fixture.execute(
                """
                SELECT format('"windows":%s,"tokens":%s,"evidence":%s', coalesce(windows::text, 'null'),
                    coalesce(tokens::text, 'null'),
                    coalesce('[' || lower(evidence) || ',' || upper(evidence) || ']', 'null')) AS said
                FROM lorikeet.labels
                """
            ).rows.map { try $0.text("said") }
            #expect(rows.count == 4 && rows.count { $0.hasPrefix("\"windows\":null,") } == 2)
            #expect(said.sorted() == rows.sorted())
        }
    }

    // MARK: - Dry run and history

    @Test func aDryRunSaysWhatWouldChangeAndChangesNothing() async throws {
        try await Self.with(rows: 60) { stage in
            // Whatever the adapter says, some labels change.
            try stage.fixture.execute("UPDATE lorikeet.labels SET label = 'loud' WHERE \"offset\" % 2 = 0")
            try stage.fixture.execute("CREATE TABLE public.before AS SELECT * FROM lorikeet.labels")
            let hash = try stage.hash()
            let preview = try await stage.relabel { ($0.isDryRun, $0.shownTexts) = (true, 3) }
            #expect(try stage.hash() == hash)
            #expect(preview.isDryRun && preview.relabelled == 60 && preview.rows == 60)

            let report = try await stage.relabel()
            #expect(report.changes == preview.changes && report.changed == preview.changed)
            #expect(report.mostChanged.isEmpty)
            let changes = try stage.fixture.execute(
                """
                SELECT b.label AS former, l.label AS now, count(*) AS n
                FROM public.before AS b JOIN lorikeet.labels AS l
                USING (pipeline, topic, "partition", "offset", task, produced_at) WHERE b.label <> l.label
                GROUP BY 1, 2 ORDER BY n DESC, 1, 2
                """
            ).rows.map { row in
                RelabelReport.Change(
                    task: "noise", from: try row.text("former"), to: try row.text("now"),
                    rows: Int(try row.integer("n")))
            }
            #expect(!changes.isEmpty && preview.changes == changes)
            #expect(preview.changed == changes.reduce(0) { $0 + $1.rows })
            #expect(preview.mostChanged.count == min(3, preview.changed))
            let highest = try stage.fixture.execute(
                """
                SELECT l.score FROM public.before AS b JOIN lorikeet.labels AS l
                USING (pipeline, topic, "partition", "offset", task, produced_at) WHERE b.label <> l.label
                ORDER BY l.score DESC LIMIT 3
                """
            ).rows.map { try $0.double("score") }
            #expect(zip(preview.mostChanged, highest).allSatisfy { abs($0.score - $1) < 1e-4 })
            #expect(preview.mostChanged.allSatisfy { $0.text.hasSuffix(" of the river") && $0.from != $0.to })
            // Texts are for a terminal only.
            let json = String(decoding: try JSONEncoder().encode(preview), as: UTF8.self)
            #expect(json.contains(#"texts\/"#) && !json.contains("river"))
            #expect(stage.fixture.log.count(containing: "river") == 0)
        }
    }

    @Test func formerLabelsAreKeptWhereThatIsAskedFor() async throws {
        try await Self.with(rows: 20) { stage in
            let report = try await stage.relabel { $0.keepsHistory = true }
            #expect(report.relabelled == 20)
            let former = """
                SELECT count(*) AS n FROM lorikeet.labels_history AS h JOIN lorikeet.labels AS l
                USING (pipeline, topic, "partition", "offset", task, produced_at)
                WHERE h.label = 'calm' AND h.adapter_digest = '\(stage.digests[0])' AND h.score = 0.5
                    AND h.labelled_at < '2026-02-01' AND l.adapter_digest = '\(stage.digests[1])'
                """
            #expect(try stage.fixture.number(former) == 20)
        }
    }

    // MARK: - Publishing

    /// A pipeline that publishes to the topic `labels`.
    private static func publishing(_ stage: Stage, brokers: String? = nil) throws -> Stage {
        let brokers = brokers ?? stage.fixture.broker.bootstrapServers
        let file = try stage.fixture.writePipeline(output: "{ topic: labels, brokers: \"\(brokers)\", key: origin }")
        return Stage(fixture: stage.fixture, file: file, digests: stage.digests)
    }

    /// No daemon runs: the command publishes itself, each record once, with the live adapter's label.
    @Test func relabelledRecordsArePublished() async throws {
        try await Self.with(rows: 1200) { stage in
            let stage = try Self.publishing(stage)
            try stage.fixture.broker.createTopic("labels", partitions: 2)
            let report = try await stage.relabel { $0.publishes = true }
            #expect(report.isComplete && report.relabelled == 1200 && report.outbox == 0)
            let records = try await stage.fixture.records(of: "labels", partitions: 2)
            #expect(Set(records.compactMap(\.key)).count == 1200)
            let digest = Array(stage.digests[1].utf8)
            #expect(records.allSatisfy { $0.payload?.firstRange(of: digest) != nil })
            // Without the flag nothing is news.
            try stage.fixture.execute("UPDATE lorikeet.labels SET adapter_digest = '\(stage.digests[0])'")
            #expect(try await stage.relabel().outbox == nil)
            #expect(try await stage.fixture.records(of: "labels", partitions: 2).count == records.count)
        }
    }

    @Test func whatNoBrokerTakesWaitsAndNobodyPublishesIt() async throws {
        try await Self.with(rows: 30) { stage in
            let report = try await Self.publishing(stage, brokers: "127.0.0.1:1").relabel { $0.publishes = true }
            #expect(report.isComplete && report.relabelled == 30)
            #expect(report.outbox == 30 && report.publisher == nil)
        }
    }

    /// A daemon holds the lease on publishing.
    @Test func whatADaemonPublishesIsLeftToIt() async throws {
        try await Self.with(rows: 30) { stage in
            try stage.fixture.execute(
                """
                INSERT INTO lorikeet.leases VALUES ('publishing noise', gen_random_uuid(), 'another host, process 7',
                    now(), now() + interval '60 seconds')
                """)
            let report = try await Self.publishing(stage).relabel { $0.publishes = true }
            #expect(report.isComplete && report.relabelled == 30)
            #expect(report.outbox == 30 && report.publisher == "another host, process 7")
        }
    }

    // MARK: - Selection

    @Test func onlySelectedRowsAreRelabelled() async throws {
        try await Self.with(rows: 48) { stage in
            let day = Date(timeIntervalSince1970: 1_767_225_600)
            let noon = try await stage.relabel {
                $0.since = day.addingTimeInterval(12 * 3600)
                $0.until = day.addingTimeInterval(18 * 3600)
            }
            #expect(noon.relabelled == 6)
            #expect(try stage.count(of: 2) == 6)
            #expect(
                try stage.count(
                    "adapter_digest = '\(stage.digests[1])' AND produced_at >= '2026-01-01 12:00Z' "
                        + "AND produced_at < '2026-01-01 18:00Z'") == 6)
            try stage.fixture.execute(
                "UPDATE lorikeet.labels SET adapter_digest = '\(stage.digests[2])' WHERE \"offset\" = 1")
            let third = try await stage.relabel { $0.adapterDigest = String(stage.digests[2].prefix(12)) }
            #expect(third.relabelled == 2)
            #expect(try await stage.relabel { $0.tasks = ["noise"] }.relabelled == 40)
            #expect(try stage.count(of: 2) == 48)
        }
    }

    @Test func unknownTasksAndMissingAdaptersAreNamed() async throws {
        try await Self.with(rows: 4) { stage in
            let unknown = try await Self.failure { _ = try await stage.relabel { $0.tasks = ["nois"] } }
            #expect(unknown.status == .configuration)
            #expect(unknown.message == "\(stage.file): tasks: there is no task nois (did you mean noise?)")
            let publishing = try await Self.failure { _ = try await stage.relabel { $0.publishes = true } }
            #expect(publishing.status == .usage && publishing.message.contains("sink.kafka"))
            try stage.fixture.execute("UPDATE lorikeet.adapters SET state = 'retired'")
            let missing = try await Self.failure { _ = try await stage.relabel() }
            #expect(missing.status == .configuration)
            #expect(missing.message.contains("tasks.noise: the adapter store has no live adapter"), "\(missing)")
            #expect(try stage.count(of: 1) == 4)
        }
    }

    @Test func rowsWithoutATextAreLeftAsTheyAre() async throws {
        try await Self.with(rows: 10) { stage in
            try LabelledTexts.forget(where: "\"partition\" = 0") { try stage.fixture.execute($0) }
            let report = try await stage.relabel()
            #expect(report.relabelled == 5 && report.withoutText == 5 && report.rows == 10)
            #expect(try stage.count(of: 1) == 5)
            // Now there are no others.
            let failure = try await Self.failure { _ = try await stage.relabel() }
            #expect(failure.status == .failed)
            #expect(failure.message == "the 5 rows have no stored text any more, so there is nothing to relabel")
        }
    }

    @Test func aBlankTextKeepsItsLabelAndIsNotRejected() async throws {
        try await Self.with(rows: 6) { stage in
            try stage.fixture.execute(
                "UPDATE lorikeet.labels SET text = ' ' WHERE \"partition\" = 1 AND \"offset\" = 1")
            let report = try await stage.relabel()
            #expect(report.relabelled == 5 && report.failed == ["the text is blank": 1])
            #expect(try stage.count(of: 1) == 1)
            #expect(try stage.fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
        }
    }

    // MARK: - Interruptions

    @Test func anInterruptedRunIsContinuedWithoutLabellingTwice() async throws {
        try await Self.with(rows: 600) { stage in
            let running = Mutex<Task<RelabelReport, any Error>?>(nil)
            let begun = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                for await _ in begun.stream { break }
                return try await stage.relabel {
                    $0.textsPerSecond = 100
                } progress: { _, _ in
                    running.withLock { $0?.cancel() }
                }
            }
            running.withLock { $0 = task }
            begun.continuation.finish()
            let first = try await task.value
            #expect(!first.isComplete)
            let done = try stage.count(of: 2)
            #expect(done > 0 && done < 600 && done == first.relabelled)

            let isDone = "adapter_digest = '\(stage.digests[1])'"
            try stage.fixture.execute("CREATE TABLE public.done AS SELECT * FROM lorikeet.labels WHERE \(isDone)")
            let second = try await stage.relabel()
            #expect(second.isComplete && second.relabelled == 600 - done)
            #expect(try stage.count(of: 2) == 600)
            let untouched = """
                SELECT count(*) AS n FROM public.done AS d JOIN lorikeet.labels AS l
                USING (pipeline, topic, "partition", "offset", task, produced_at, labelled_at)
                """
            #expect(try stage.fixture.number(untouched) == done)
        }
    }

    /// While the first rows are written, the third version goes live.
    @Test func aPromotionMeanwhileReachesEveryRow() async throws {
        try await Self.with(rows: 1500) { stage in
            try stage.fixture.execute(
                """
                CREATE FUNCTION public.promote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    UPDATE lorikeet.adapters SET state = 'retired' WHERE version = 2 AND state = 'live'
                        AND NOT EXISTS (SELECT FROM lorikeet.adapters WHERE version = 3 AND state = 'live');
                    UPDATE lorikeet.adapters SET state = 'live', promoted_at = now(), succession = 3
                        WHERE version = 3 AND state <> 'live';
                    RETURN NULL;
                END $$
                """)
            try stage.fixture.execute(
                """
                CREATE TRIGGER promote AFTER UPDATE ON lorikeet.labels
                FOR EACH STATEMENT EXECUTE FUNCTION public.promote()
                """)
            // Rows that the second version has got by then have none of the criteria any more.
            let report = try await stage.relabel {
                $0.adapterDigest = stage.digests[0]
                $0.textsPerSecond = 1000
            }
            #expect(
                report.promotions == [.init(task: "noise", from: stage.digests[1], to: stage.digests[2])])
            #expect(try stage.count(of: 3) == 1500)
            #expect(report.isComplete && report.rows == 1500 && report.relabelled > 1500)
        }
    }

    /// Its sessions are ended once: it connects again and goes on.
    @Test func aDatabaseThatIsAwayIsWaitedFor() async throws {
        try await Self.with(rows: 300) { stage in
            let isFirst = Atomic(true)
            let fixture = stage.fixture
            let report = try await stage.relabel {
                $0.textsPerSecond = 200
            } progress: { _, _ in
                guard isFirst.exchange(false, ordering: .relaxed) else { return }
                _ = try? fixture.execute(
                    """
                    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'lorikeet relabel'
                    """)
            }
            #expect(report.isComplete && report.relabelled == 300)
            #expect(try stage.count(of: 2) == 300)
        }
    }

    @Test func aDatabaseThatDoesNotAnswerAtTheStartIsAnError() async throws {
        try await Self.with(rows: 1) { stage in
            let failure = try await Self.failure {
                _ = try await stage.relabel {
                    $0.environment = PipelineEnvironment(
                        variables: ["DATABASE_URL": "host=/nowhere"], workingDirectory: stage.fixture.folder.path)
                }
            }
            #expect(failure.status == .failed && failure.message.contains("database: "), "\(failure)")
        }
    }
}
