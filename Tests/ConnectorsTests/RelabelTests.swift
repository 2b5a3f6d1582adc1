import FoundationEssentials
import PostgresClient
import Serving
import TestSupport
import Testing

@testable import Connectors

/// What relabelling reads and writes, in a real database.
@Suite struct RelabelTests {
    private static let new = String(repeating: "b", count: 64)

    private struct Stage {
        let database: SchemaDatabase
        let rows: PostgresRelabelRows

        var selection: RelabelSelection {
            RelabelSelection(
                pipeline: "packages",
                targets: ["role", "section"].map { .init(task: $0, digest: RelabelTests.new, dtype: "float32") })
        }

        /// Every page, one after the other.
        func pages(limit: Int = 512, bytes: Int = 1 << 20) async throws -> [PostgresRelabelRows.Page] {
            var pages: [PostgresRelabelRows.Page] = []
            for range in try await rows.ranges(selection) {
                var place: PostgresRelabelRows.Place?
                repeat {
                    let page = try await rows.page(of: range, selection, after: place, limit: limit, bytes: bytes)
                    pages.append(page)
                    place = page.last
                } while place != nil
            }
            return pages
        }

        /// The rows with what the new adapter says of them.
        func relabelled(_ label: String = "devel") async throws -> [RelabelledRow] {
            try await pages().flatMap(\.texts).flatMap { text, _ in
                text.rows.map { row in
                    RelabelledRow(
                        origin: text.origin, producedAt: text.producedAt, row: row,
                        label: TaskLabel(
                            task: row.task, label: label, score: 0.9, scores: [("games", 0.1), ("devel", 0.9)],
                            abstained: false, distance: 1.5, adapterDigest: RelabelTests.new), text: [])
                }
            }
        }

        func write(
            _ rows: [RelabelledRow], keepsHistory: Bool = false, outbox: OutboxSettings? = nil
        ) async throws -> RelabelOutcome {
            let writer = PostgresRelabelWriter(
                database.settings(), pipeline: "packages", keepsHistory: keepsHistory, outbox: outbox)
            let result: Result<RelabelOutcome, any Error>
            do { result = .success(try await writer.write(rows)) } catch { result = .failure(error) }
            await writer.close()
            return try result.get()
        }
    }

    /// Stores messages as a daemon does, and gives the rows to relabel.
    private static func with(_ outcomes: [Outcome], _ body: (Stage) async throws -> Void) async throws {
        try await SchemaDatabase.with({ PostgresRelabelRows($0) }, close: { await $0.close() }) { database, rows in
            let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
            _ = try await sink.store(outcomes)
            await sink.close()
            try await body(Stage(database: database, rows: rows))
        }
    }

    // MARK: - Reading

    @Test func pagesHoldEveryRowOnceInTheOrderOfTheKey() async throws {
        let outcomes = (0..<20).map { Samples.labelled(Int64($0), tasks: ["section", "role"]) }
        try await Self.with(outcomes) { stage in
            #expect(
                try await stage.rows.ranges(stage.selection)
                    == [RelabelRange(topic: "packages", partition: 0, first: 0, last: 19, rows: 40)])
            for limit in [1, 3, 7, 40, 512] {
                let texts = try await stage.pages(limit: limit).flatMap(\.texts)
                let keys = texts.flatMap { text, _ in text.rows.map { "\(text.origin.offset) \($0.task)" } }
                #expect(keys == (0..<20).flatMap { ["\($0) role", "\($0) section"] }, "limit \(limit)")
                #expect(texts.allSatisfy { $1 == "text \($0.origin.offset)" })
            }
            // The rows of a text stand together.
            #expect(try await stage.pages().flatMap(\.texts).map(\.text.rows.count) == Array(repeating: 2, count: 20))
        }
    }

    @Test func aPageHasBytesOfTextsBeyondTheFirstOnly() async throws {
        let long = String(repeating: "a", count: 1000)
        try await Self.with((0..<5).map { Samples.labelled(Int64($0), text: long) }) { stage in
            let pages = try await stage.pages(bytes: 1500)
            #expect(pages.map(\.texts.count) == [2, 2, 1, 0])
            #expect(try await stage.pages(bytes: 1).map(\.texts.count) == [1, 1, 1, 1, 1, 0])
        }
    }

    /// Both records have one origin, and each its own text.
    @Test func recordsOfATopicThatWasCreatedAgainAreTwoTexts() async throws {
        let outcomes = [
            Samples.labelled(3, text: "before", producedAt: 1_600_000_000_000),
            Samples.labelled(3, text: "after", producedAt: 1_700_000_000_000),
        ]
        try await Self.with(outcomes) { stage in
            let texts = try await stage.pages().flatMap(\.texts)
            #expect(texts.map(\.content) == ["before", "after"])
            #expect(texts.map(\.text.producedAt) == [1_600_000_000_000, 1_700_000_000_000])
        }
    }

    @Test func rowsOfTheLiveAdapterAreSkipped() async throws {
        try await Self.with((0..<10).map { Samples.labelled(Int64($0)) }) { stage in
            try stage.database.sql(
                "UPDATE lorikeet.labels SET adapter_digest = '\(Self.new)', dtype = NULL WHERE \"offset\" < 4")
            // In another type of the base, it is another label.
            try stage.database.sql(
                "UPDATE lorikeet.labels SET adapter_digest = '\(Self.new)', dtype = 'int8' WHERE \"offset\" = 6")
            #expect(try await stage.rows.ranges(stage.selection).map(\.rows) == [6])
            let offsets = try await stage.pages(limit: 2).flatMap(\.texts).map(\.text.origin.offset)
            #expect(offsets == [4, 5, 6, 7, 8, 9])
        }
    }

    @Test func rowsWithoutATextAreCounted() async throws {
        try await Self.with((0..<6).map { Samples.labelled(Int64($0)) }) { stage in
            try LabelledTexts.forget(where: "\"offset\" >= 4") { _ = try stage.database.sql($0) }
            let pages = try await stage.pages(limit: 5)
            #expect(pages.map(\.withoutText).reduce(0, +) == 2)
            #expect(pages.flatMap(\.texts).count == 4)
        }
    }

    @Test(arguments: [
        ("", [0, 1, 2, 3]), ("since", [2, 3]), ("until", [0, 1, 3]), ("adapter", [1]), ("task", []),
        ("former", [0, 2]),
    ]) func aSelectionNarrowsTheRows(_ criterion: String, _ offsets: [Int64]) async throws {
        let day: Int64 = 86_400_000
        let outcomes = (0..<4).map {
            // The last record has no timestamp: it counts as produced when it was labelled.
            Samples.labelled($0, producedAt: $0 == 3 ? nil : 1_700_000_000_000 + $0 * 10 * day)
        }
        try await Self.with(outcomes) { stage in
            try stage.database.sql(
                "UPDATE lorikeet.labels SET labelled_at = greatest(produced_at, to_timestamp(1.7e9 + 15 * 86400))",
                "UPDATE lorikeet.labels SET adapter_digest = repeat('c', 64) WHERE \"offset\" = 1",
                "UPDATE lorikeet.labels SET labelled_at = to_timestamp(1.8e9) WHERE \"offset\" IN (0, 2)")
            var selection = stage.selection
            switch criterion {
            case "since": selection.since = Date(timeIntervalSince1970: 1.7e9 + 12 * 86_400)
            case "until": selection.until = Date(timeIntervalSince1970: 1.7e9 + 18 * 86_400)
            case "adapter": selection.adapterDigest = "cccccccc"
            case "task": selection.targets = [.init(task: "role", digest: Self.new, dtype: "float32")]
            case "former":
                // Nothing matches, but what this run has labelled with an adapter that is live no longer.
                selection.adapterDigest = "dddddddd"
                selection.formerDigests = [Samples.digest]
                selection.startedAt = Date(timeIntervalSince1970: 1.79e9)
            default: break
            }
            var found: [Int64] = []
            for range in try await stage.rows.ranges(selection) {
                let page = try await stage.rows.page(of: range, selection, after: nil, limit: 100, bytes: 1 << 20)
                found += page.texts.map(\.text.origin.offset)
            }
            #expect(found == offsets)
        }
    }

    // MARK: - Writing

    @Test func labelsAreReplacedInPlace() async throws {
        try await Self.with([Samples.labelled(1, tasks: ["section", "role"]), Samples.labelled(2)]) { stage in
            let untouched = """
                SELECT md5(string_agg(concat_ws('|', pipeline, topic, "partition", "offset", task, produced_at,
                    message_key, text), ',' ORDER BY "offset", task)) AS hash FROM lorikeet.labels
                """
            let before = try stage.database.sql(untouched).first?.text("hash")
            let outcome = try await stage.write(try await stage.relabelled())
            #expect(outcome.relabelled.count == 3 && outcome.overtaken == 0 && outcome.failed.isEmpty)
            #expect(try stage.database.sql(untouched).first?.text("hash") == before)
            let row = try #require(
                try stage.database.sql(
                    "SELECT label, score, scores::text, distance, adapter_digest, dtype, abstained, labels "
                        + "FROM lorikeet.labels WHERE \"offset\" = 2"
                ).first)
            #expect(try row.text("label") == "devel" && row.double("score") == 0.9)
            #expect(try row.text("scores") == "{\"devel\": 0.9, \"games\": 0.1}")
            #expect(try row.double("distance") == 1.5 && row.text("adapter_digest") == Self.new)
            #expect(try row.text("dtype") == "float32" && !row.boolean("abstained") && row.isNull("labels"))
            #expect(try await stage.rows.ranges(stage.selection).isEmpty)
            #expect(try stage.database.count("SELECT count(*) FROM lorikeet.labels_history") == 0)
        }
    }

    /// A daemon has written one row meanwhile with the same adapter, one with another, and one is gone.
    @Test func whatADaemonWroteMeanwhileStays() async throws {
        try await Self.with((0..<5).map { Samples.labelled(Int64($0)) }) { stage in
            let rows = try await stage.relabelled()
            let sink = PostgresLabelSink(stage.database.settings(), pipeline: "packages")
            for (offset, digest) in [(Int64(0), Samples.digest), (1, String(repeating: "e", count: 64))] {
                let label = TaskLabel(
                    task: "section", label: "admin", score: 0.6, scores: [("admin", 0.6)], abstained: false,
                    adapterDigest: digest)
                let message = LabelledMessage(
                    message: Samples.message(offset), text: "text \(offset)", labels: [label])
                _ = try await sink.store([.labelled(message)])
            }
            await sink.close()
            try stage.database.sql("DELETE FROM lorikeet.labels WHERE \"offset\" = 2")

            let outcome = try await stage.write(rows, keepsHistory: true)

            #expect(outcome.overtaken == 3)
            #expect(outcome.relabelled.map(\.origin.offset).sorted() == [3, 4])
            let labels = try stage.database.sql("SELECT label FROM lorikeet.labels ORDER BY \"offset\"")
            #expect(try labels.map { try $0.text("label") } == ["admin", "admin", "devel", "devel"])
            #expect(
                try stage.database.count("SELECT count(*) FROM lorikeet.labels_history WHERE \"offset\" IN (3, 4)") == 2
            )
            #expect(try stage.database.count("SELECT count(*) FROM lorikeet.labels_history") == 2)
        }
    }

    /// Rows of every kind: a label, a set of labels, an abstention, a long text.
    private static let everyKind: [Outcome] = {
        func outcome(_ offset: Int64, _ label: TaskLabel) -> Outcome {
            .labelled(
                LabelledMessage(
                    message: Samples.message(offset, key: Array("kim".utf8)), text: "text \(offset)", labels: [label]))
        }
        let set = TaskLabel(
            task: "role", label: nil, labels: ["admin", "user"], score: 0.8, scores: [("admin", 0.8), ("user", 0.6)],
            abstained: false, distance: 1.25, adapterDigest: Samples.digest, dtype: "int8")
        let none = TaskLabel(
            task: "section", label: nil, score: 0.4, scores: [("games", 0.4), ("devel", 0.3)], abstained: true,
            distance: 3, isNoneOfThese: true, adapterDigest: Samples.digest)
        let long = TaskLabel(
            task: "section", label: "games", score: 0.7, scores: [("games", 0.7), ("devel", 0.3)], abstained: false,
            adapterDigest: Samples.digest, longText: LongTextReading(windows: 3, tokens: 500, evidence: 10..<90))
        return [Samples.labelled(1), outcome(2, set), outcome(3, none), outcome(4, long)]
    }()

    private static let identity = #"pipeline, topic, "partition", "offset", task, produced_at"#

    @Test func theHistoryHasWhatWasReplaced() async throws {
        try await Self.with(Self.everyKind) { stage in
            let (database, key) = (stage.database, Self.identity)
            try database.sql("CREATE TABLE public.before AS SELECT * FROM lorikeet.labels")
            _ = try await stage.write(try await stage.relabelled(), keepsHistory: true)
            // Everything but the text and what only the record says.
            let columns = """
                SELECT string_agg(format('h.%1$I IS NOT DISTINCT FROM b.%1$I', attname), ' AND ') AS same
                FROM pg_attribute WHERE attrelid = 'lorikeet.labels'::regclass AND attnum > 0 AND NOT attisdropped
                    AND attname NOT IN ('text', 'traceparent')
                """
            let same = try #require(try database.sql(columns).first).text("same")
            #expect(
                try database.count(
                    """
                    SELECT count(*) FROM lorikeet.labels_history AS h JOIN public.before AS b USING (\(key))
                    WHERE \(same) AND h.replaced_at >= b.labelled_at
                    """) == 4)
            // Another adapter replaces the label again: the history grows.
            try database.sql("UPDATE lorikeet.labels SET adapter_digest = repeat('f', 64)")
            _ = try await stage.write(try await stage.relabelled("games"), keepsHistory: true)
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels_history") == 8)
        }
    }

    /// With the statement of the page, whatever happened in between.
    @Test func theHistoryRestoresWhatWasReplaced() async throws {
        let page = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/docs/history.md"
        let statement = try #require(
            MarkdownCode(try String(contentsOfFile: page, encoding: .utf8)).indentedBlocks.map(\.text)
                .first { $0.hasPrefix("UPDATE lorikeet.labels AS l SET") })
        try await Self.with(Self.everyKind) { stage in
            let database = stage.database
            let rows = """
                SELECT md5(string_agg((to_jsonb(l) - 'labelled_at')::text, ',' ORDER BY \(Self.identity))) AS hash
                FROM lorikeet.labels AS l
                """
            let before = try database.sql(rows).first?.text("hash")
            for label in ["devel", "games"] {
                _ = try await stage.write(try await stage.relabelled(label), keepsHistory: true)
                try database.sql("UPDATE lorikeet.labels SET adapter_digest = repeat('f', 64)")
            }
            #expect(try database.sql(rows).first?.text("hash") != before)
            try database.sql(statement.replacing("2026-01-31 12:00Z", with: "2000-01-01"))
            #expect(try database.sql(rows).first?.text("hash") == before)
            // What was restored can be relabelled, and kept, like any other.
            let outcome = try await stage.write(try await stage.relabelled(), keepsHistory: true)
            #expect(outcome.relabelled.count == 4 && outcome.failed.isEmpty, "\(outcome.failed)")
        }
    }

    @Test func aRowThatTheDatabaseRefusesKeepsItsLabel() async throws {
        try await Self.with((0..<9).map { Samples.labelled(Int64($0)) }) { stage in
            try stage.database.sql(
                "ALTER TABLE lorikeet.labels ADD CONSTRAINT not_five CHECK (\"offset\" <> 5 OR label <> 'devel')")
            let outcome = try await stage.write(try await stage.relabelled(), keepsHistory: true)
            #expect(outcome.relabelled.count == 8 && outcome.overtaken == 0)
            #expect(outcome.failed.values.reduce(0, +) == 1)
            #expect(outcome.failed.keys.first?.contains("23514") == true, "\(outcome.failed)")
            let kept = "SELECT count(*) FROM lorikeet.labels WHERE label = 'games' AND \"offset\" = 5"
            #expect(try stage.database.count(kept) == 1)
            #expect(try stage.database.count("SELECT count(*) FROM lorikeet.labels_history") == 8)
        }
    }

    /// A microsecond is not lost, and times that a producer has set to nonsense are found again.
    @Test func rowsAreFoundByTimesOfAnySize() async throws {
        try await Self.with([Samples.labelled(1, producedAt: 1_700_000_000_000_000)]) { stage in
            try stage.database.sql(
                """
                INSERT INTO lorikeet.labels SELECT (jsonb_populate_record(l, jsonb_build_object(
                    'offset', 2, 'produced_at', '2026-01-31 12:00:00.123457+00'))).* FROM lorikeet.labels AS l
                """)
            try stage.database.sql("UPDATE lorikeet.labels SET text = 'a text' WHERE \"offset\" = 2")
            let outcome = try await stage.write(try await stage.relabelled())
            #expect(outcome.relabelled.count == 2 && outcome.overtaken == 0)
        }
    }

    @Test func aRecordIsPublishedOnceWhateverTheNumberOfItsRows() async throws {
        let outcomes = (0..<3).map { Samples.labelled(Int64($0), tasks: ["section", "role"]) }
        try await Self.with(outcomes) { stage in
            let rows = try await stage.relabelled()
            _ = try await stage.write(rows, outbox: OutboxSettings(tasks: ["section"]))
            let waiting = "SELECT count(*) FROM lorikeet.outbox WHERE kind = 'labels'"
            #expect(try stage.database.count(waiting) == 3)
            // Nothing has changed since, so nothing is published again.
            let again = try await stage.write(rows, outbox: OutboxSettings())
            #expect(again.overtaken == 6 && again.relabelled.isEmpty)
            #expect(try stage.database.count("SELECT max(revision) FROM lorikeet.outbox") == 1)
        }
    }

    @Test func aFullOutboxIsWaitedFor() async throws {
        try await Self.with([Samples.labelled(1)]) { stage in
            let rows = try await stage.relabelled()
            let error = await #expect(throws: ConnectorError.self) {
                _ = try await stage.write(rows, outbox: OutboxSettings(maximumRows: 0))
            }
            #expect(error?.action == .retry && error?.cause == "outbox-full")
            #expect(try stage.database.count("SELECT count(*) FROM lorikeet.labels WHERE label = 'games'") == 1)
        }
    }

    @Test func aDaemonRoleMayRelabel() async throws {
        try await Self.with([Samples.labelled(1)]) { stage in
            let role = try await stage.database.makeDaemonRole()
            let writer = PostgresRelabelWriter(
                stage.database.settings(user: role), pipeline: "packages", keepsHistory: true,
                outbox: OutboxSettings())
            let outcome = try await writer.write(try await stage.relabelled())
            await writer.close()
            #expect(outcome.relabelled.count == 1)
        }
    }
}
