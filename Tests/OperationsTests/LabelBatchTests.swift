import Connectors
import DaemonFixtures
import Foundation
import PostgresClient
import Serving
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

/// Rows without Kafka through the serving path into the same tables.
@Suite struct LabelBatchTests {
    /// A database with a live adapter for the task `noise`, which no daemon has published.
    private static func with(_ body: (DaemonFixture) async throws -> Void) async throws {
        try await DaemonFixture.with { fixture in
            try await fixture.promote(try fixture.writeAdapter("first"))
            try await body(fixture)
        }
    }

    /// - Parameter text: of `source.text`; nil: the payload is the text.
    private static func pipeline(_ fixture: DaemonFixture, text: String? = nil, extra: String = "") throws -> String {
        let file = try fixture.writePipeline(extra: extra)
        guard let text else { return file }
        let yaml = try String(contentsOfFile: file, encoding: .utf8)
        return try fixture.folder.write("p.yaml", yaml.replacing("source:\n", with: "source:\n  text: \(text)\n"))
    }

    private static func label(
        _ fixture: DaemonFixture, _ file: String, _ rows: LabelRequest.Rows, name: String? = "nightly",
        time: Int64? = nil, columns: RowColumns = RowColumns()
    ) async throws -> LabelReport {
        let request = LabelRequest(file: file, rows: rows, name: name, time: time, columns: columns, workers: 1)
        return try await LabelOperation.run(request, environment: fixture.environment, logger: fixture.log.logger)
    }

    /// Texts by row.
    private static func texts(_ fixture: DaemonFixture, topic: String = "label:nightly") throws -> [String] {
        try fixture.execute(
            """
            SELECT text FROM lorikeet.labelled_texts WHERE topic = '\(topic)' AND "partition" = 0 AND pipeline = 'noise'
            ORDER BY "offset", produced_at
            """
        ).rows.map { try $0.text("text") }
    }

    @Test func linesAreLabelledAndTheSameBatchOverwritesItsRows() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture)
            let input = try fixture.folder.write("texts.txt", "a calm river\na loud street\n\nthe end\n")
            let first = try await Self.label(fixture, file, .file(input, format: nil), name: nil)
            #expect(first.topic == "label:texts.txt" && first.isComplete)
            #expect((first.rows, first.labelled, first.rejected, first.dropped) == (4, 3, 1, 0))
            #expect(
                try Self.texts(fixture, topic: "label:texts.txt") == ["a calm river", "a loud street", "the end"])
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE \"offset\" = 3") == 1)
            let again = try await Self.label(fixture, file, .file(input, format: nil), name: nil)
            #expect(again == first)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 3)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 1)
            // Another time is another batch.
            _ = try await Self.label(fixture, file, .file(input, format: nil), name: "texts.txt", time: 5)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 6)
        }
    }

    @Test func aQueryYieldsTextKeyTimeAndFieldsForRoutes() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(
                fixture, text: "/body",
                extra: "routes: [{ when: { json: { /kind: ticket } }, tasks: [noise] }]\nunrouted: drop")
            try fixture.execute("CREATE TABLE tickets (id bigint, kind text, body text, at timestamptz)")
            try fixture.execute(
                """
                INSERT INTO tickets SELECT 9007199254740993 + n, CASE n % 3 WHEN 0 THEN 'note' ELSE 'ticket' END,
                    'text ' || n, to_timestamp(1000 + n) FROM generate_series(0, 299) AS n
                """)
            let sql = "SELECT id AS key, kind, body, at AS time FROM tickets ORDER BY id"
            let report = try await Self.label(fixture, file, .query("\(sql) -- all\n ;\n", database: nil))
            #expect((report.rows, report.labelled, report.rejected, report.dropped) == (300, 200, 0, 100))
            #expect(try Self.texts(fixture).count == 200)
            let row = try #require(
                try fixture.execute(
                    """
                    SELECT convert_from(message_key, 'UTF8') AS key, text, extract(epoch FROM produced_at)::bigint AS at
                    FROM lorikeet.labelled_texts WHERE topic = 'label:nightly' AND "offset" = 1
                    """
                ).first)
            #expect(
                try row.text("key") == "9007199254740994" && row.text("text") == "text 1" && row.integer("at") == 1001)
            _ = try await Self.label(fixture, file, .query(sql, database: nil))
            #expect(try Self.texts(fixture).count == 200)
        }
    }

    @Test func columnsOfATableAreFoundAsThePipelineReadsThem() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture, text: "[/mail/subject, /mail/body]")
            let input = try fixture.folder.write(
                "mails.csv",
                "key,time,text\na,2026-01-31T06:00:00Z,one\nb,2026-01-31 07:30:00.25+01:30,\"two\nlines\"\n")
            let report = try await Self.label(fixture, file, .file(input, format: nil))
            #expect(report.labelled == 2 && report.rejected == 0)
            #expect(try Self.texts(fixture) == ["one", "two\nlines"])
            let times = try fixture.execute(
                "SELECT (extract(epoch FROM produced_at) * 1000)::bigint AS at FROM lorikeet.labels ORDER BY \"offset\""
            ).rows.map { try $0.integer("at") }
            #expect(times == [1_769_839_200_000, 1_769_839_200_250])
            let other = try fixture.folder.write("other.tsv", "id\tsubject\n1\tthree\n")
            let columns = RowColumns(text: "subject", key: "id", time: nil)
            _ = try await Self.label(fixture, file, .file(other, format: nil), name: "other", columns: columns)
            #expect(try Self.texts(fixture, topic: "label:other") == ["three"])
        }
    }

    @Test func rowsThatCannotBeReadAreRejectedAndRetried() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture, text: "/body")
            let lines = [#"{"body":"one"}"#, "no JSON", #"{"subject":"no body"}"#, #"{"body":7}"#, #"{"body":"two"}"#]
            let input = try fixture.folder.write("rows.jsonl", lines.joined(separator: "\n"))
            let report = try await Self.label(fixture, file, .file(input, format: nil))
            #expect((report.rows, report.labelled, report.rejected) == (5, 2, 3))
            let stages = try fixture.execute(
                "SELECT stage, topic FROM lorikeet.rejected ORDER BY \"offset\""
            ).rows.map { "\(try $0.text("stage")) \(try $0.text("topic"))" }
            #expect(stages == ["decode label:nightly", "extract label:nightly", "extract label:nightly"])
            // With another pointer the third row has a text; the payloads are the rows.
            _ = try Self.pipeline(fixture, text: "/subject")
            let retried = try await RejectedRetryOperation.run(
                file: file, filter: RejectedFilter(), limit: 10, workers: 1, environment: fixture.environment,
                logger: fixture.log.logger)
            #expect(retried == RejectedRetryReport(rows: 3, labelled: 1, rejected: ["decode": 1, "extract": 1]))
            #expect(try Self.texts(fixture) == ["one", "no body", "two"])
        }
    }

    /// A pipeline whose records are framed Avro labels rows all the same, and retries them.
    @Test func theFormatOfTheTopicsDoesNotMatter() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(
                fixture, text: "/body\n  format: avro\n  schema_registry: { url: \"http://127.0.0.1:1\" }")
            let input = try fixture.folder.write("rows.jsonl", "{\"body\":\"one\"}\n{}\n")
            let report = try await Self.label(fixture, file, .file(input, format: nil))
            #expect((report.labelled, report.rejected) == (1, 1))
            let retried = try await RejectedRetryOperation.run(
                file: file, filter: RejectedFilter(), limit: 10, workers: 1, environment: fixture.environment,
                logger: fixture.log.logger)
            #expect(retried == RejectedRetryReport(rows: 1, rejected: ["extract": 1]))
        }
    }

    @Test func aQueryWithoutRowsLabelsNothing() async throws {
        try await Self.with { fixture in
            let report = try await Self.label(
                fixture, try Self.pipeline(fixture),
                .query("SELECT 'a' AS text, now() AS time WHERE false", database: nil))
            #expect(report.isComplete && report.rows == 0 && report.labelled == 0)
            let input = try fixture.folder.write("empty.csv", "")
            let empty = try await Self.label(fixture, try Self.pipeline(fixture), .file(input, format: nil))
            #expect(empty.isComplete && empty.rows == 0)
        }
    }

    @Test(arguments: [
        ("SELECT 'a' AS body, now() AS time", "no column is the text: the columns are body, time"),
        ("SELECT 'a' AS text", "give --time"),
        ("SELECT 'a' AS text, 'b' AS text, now() AS time", "several columns named text"),
        ("SELECT 'a' AS text, 7 AS time", "cannot cast type integer"),
        ("INSERT INTO touched VALUES (1) RETURNING 'a' AS text, now() AS time", "syntax error"),
        ("SELECT touch() AS text, now() AS time", "25006"),
        ("SELECT 'a' AS text, now() AS time; DELETE FROM touched", "syntax error"),
        ("SELECT nothing FROM nowhere", "42P01"), (" ;", "--query is empty"),
    ])
    func aQueryIsRefusedInWords(_ sql: String, _ words: String) async throws {
        try await Self.with { fixture in
            try fixture.execute("CREATE TABLE touched (n integer)")
            try fixture.execute(
                """
                CREATE FUNCTION touch() RETURNS text LANGUAGE sql VOLATILE
                AS 'INSERT INTO touched VALUES (1); SELECT ''a'''
                """)
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await Self.label(fixture, try Self.pipeline(fixture), .query(sql, database: nil))
            }
            #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
            #expect(try fixture.number("SELECT count(*) AS n FROM touched") == 0)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 0)
        }
    }

    @Test func filesAreRefusedInWords() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture)
            func failure(_ name: String, _ content: String?, batch: String? = "nightly") async throws -> String {
                let path = fixture.folder.path + "/" + name
                if let content { try fixture.folder.write(name, content) }
                let failure = await #expect(throws: CommandFailure.self) {
                    _ = try await Self.label(fixture, file, .file(path, format: nil), name: batch)
                }
                return failure?.message ?? ""
            }
            #expect(try await failure("none.csv", nil).contains("cannot be read"))
            #expect(try await failure("a.csv", "id,body\n1,a\n").contains("no column is the text"))
            #expect(try await failure("a.json", "[]").contains("line by line"))
            #expect(
                try await failure("b.csv", "text,time\na,yesterday\n").contains("row 1: the column time is no time"))
            #expect(try await failure("naïve.txt", "a", batch: nil).contains("give --name"))
            #expect(try await failure("c.txt", "a", batch: "a/b").contains("give --name"))
        }
    }

    /// The rows before a broken time are stored, and the same batch may be run again.
    @Test func whatWasReadBeforeAFailureIsStored() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture)
            let good = (0..<50).map { "text \($0),2026-01-31" }
            let input = try fixture.folder.write(
                "rows.csv", (["text,time"] + good + ["bad,never"]).joined(separator: "\n"))
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await Self.label(fixture, file, .file(input, format: nil))
            }
            #expect(failure?.status == .failed && failure?.message.contains("row 51") == true)
            #expect(try Self.texts(fixture).count == 50)
            _ = try fixture.folder.write("rows.csv", (["text,time"] + good).joined(separator: "\n"))
            let report = try await Self.label(fixture, file, .file(input, format: nil))
            #expect(report.labelled == 50 && report.isComplete)
            #expect(try Self.texts(fixture).count == 50)
        }
    }

    /// The statement that waits is cancelled on the server; the batch ends as one that was interrupted anywhere else.
    @Test(.timeLimit(.minutes(2))) func aQueryThatRunsIsInterrupted() async throws {
        try await Self.with { fixture in
            let file = try Self.pipeline(fixture)
            let sql = "SELECT 'a' AS text, now() AS time, pg_sleep(3600)::text AS nap"
            let batch = Task { try await Self.label(fixture, file, .query(sql, database: nil)) }
            let sleeping = """
                SELECT count(*) AS n FROM pg_stat_activity
                WHERE application_name = 'lorikeet label' AND wait_event = 'PgSleep'
                """
            do {
                try await eventually("the query") { try fixture.number(sleeping) == 1 }
            } catch {
                batch.cancel()
                throw error
            }
            batch.cancel()
            let report = try await batch.value
            #expect(report.rows == 0 && !report.isComplete)
            #expect(try fixture.number(sleeping) == 0)
        }
    }

    @Test func withoutALiveAdapterNothingIsRead() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try Self.pipeline(fixture)
            let input = try fixture.folder.write("texts.txt", "a\n")
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await Self.label(fixture, file, .file(input, format: nil))
            }
            #expect(failure?.status == .configuration)
            #expect(failure?.message.contains("tasks.noise: the adapter store has no live adapter") == true)
        }
    }

    /// Rows wait in the outbox if no broker takes them; the batch ends all the same.
    @Test func whatCannotBePublishedWaitsInTheOutbox() async throws {
        try await Self.with { fixture in
            let file = try fixture.writePipeline(output: "{ topic: labels, brokers: \"127.0.0.1:1\" }")
            let input = try fixture.folder.write("texts.txt", "one\ntwo\n")
            let report = try await Self.label(fixture, file, .file(input, format: nil))
            #expect(report.isComplete && report.labelled == 2 && report.outbox == 2 && report.publisher == nil)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.outbox WHERE topic = 'label:nightly'") == 2)
        }
    }

    /// Another adapter goes live while the batch runs: it labels the rest, and the report says so.
    @Test func aPromotionMeanwhileIsFollowedAndSaid() async throws {
        try await Self.with { fixture in
            let file = try fixture.writePipeline()
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 7)
            let input = try fixture.folder.write(
                "texts.txt", (0..<600).map { "text \($0) of the river" }.joined(separator: "\n"))
            let request = LabelRequest(
                file: file, rows: .file(input, format: nil), name: "nightly", rate: 200, workers: 1)
            let promoting = Watched(false)
            let promotion = Task {
                await promoting.wait { $0 }
                try await fixture.promote(second)
            }
            let report = try await LabelOperation.run(
                request, environment: fixture.environment, logger: fixture.log.logger
            ) { done in
                if done > 0 { promoting.update { $0 = true } }
            }
            promoting.update { $0 = true }
            try await promotion.value
            #expect(report.isComplete && report.labelled == 600)
            #expect(report.notes.count == 1, "\(report.notes)")
            #expect(report.notes.first?.contains("noise: adapter \(second.digest.prefix(12)) replaced") == true)
            #expect(try fixture.digests().count == 2)
        }
    }
}
