import Foundation
import PostgresClient
import Serving
import TestSupport
import Testing

/// `lorikeet relabel` as a person or a script calls it, against a real PostgreSQL.
@Suite(.scratch, .timeLimit(.minutes(5))) struct RelabelCommandTests {
    private struct Stage {
        let scratch: Scratch
        let file: String
        let environment: [String: String]
        let connection: PostgresConnection

        func relabel(_ arguments: [String] = [], adding variables: [String: String] = [:]) async throws
            -> Program.Outcome
        {
            try await Program.run(
                ["relabel", "--pipeline", file, "--workers", "1"] + arguments,
                environment: environment.merging(variables) { $1 })
        }

        /// Rows that the live adapter has labelled.
        func done() throws -> Int {
            let result = try connection.execute(
                """
                SELECT count(*) AS n FROM lorikeet.labels AS l JOIN lorikeet.adapters AS a
                    ON a.task = l.task AND a.digest = l.adapter_digest AND a.state = 'live'
                """)
            return Int(try result.first?.integer("n") ?? -1)
        }
    }

    private static func with(rows: Int, _ body: (Stage) async throws -> Void) async throws {
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            let (scratch, file) = try MoodPipeline.write(dsn: "${DATABASE_URL}", namesAdapter: false)
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            let imported = try await Program.run(
                ["adapters", "import", "mood", scratch.path("adapter"), "--pipeline", file, "--promote"],
                environment: environment)
            #expect(imported.status == 0, "\(imported.error)")
            let connection = try database.connect()
            defer { connection.close() }
            try connection.execute(
                """
                INSERT INTO lorikeet.labels (
                    pipeline, topic, "partition", "offset", task, produced_at, label, score, scores, adapter_digest,
                    text)
                SELECT 'moods', 'moods', 0, n, 'mood', timestamptz '2026-01-01 UTC' + n * interval '1 minute',
                    CASE n % 2 WHEN 0 THEN 'minus' ELSE 'plus' END, 0.5, '{}', repeat('0', 64),
                    'the secret film ' || n
                FROM generate_series(0, \(rows - 1)) AS n
                """)
            try await body(
                Stage(scratch: scratch, file: file, environment: environment, connection: connection))
        }
    }

    @Test func aDryRunShowsATableAndNoTextsOutsideATerminal() async throws {
        try await Self.with(rows: 30) { stage in
            let preview = try await stage.relabel(["--dry-run"])
            #expect(preview.status == 0, "\(preview.error)")
            #expect(preview.lines.first?.hasPrefix("30 rows: 30 would be relabelled, ") == true, "\(preview.output)")
            let hasPair = preview.lines.contains { $0.contains("minus") && $0.contains("plus") }
            #expect(hasPair, "\(preview.output)")
            #expect(preview.output.contains("moods/0@"))
            #expect(!(preview.output + preview.error).contains("secret"))
            #expect(try stage.done() == 0)

            let real = try await stage.relabel(["--json", "--history"])
            let report = try #require(real.objects.first ?? nil)
            #expect(real.status == 0 && report["relabelled"] as? Int == 30, "\(real.output) \(real.error)")
            #expect(report["is_complete"] as? Bool == true && report["without_text"] as? Int == 0)
            #expect(!(real.output + real.error).contains("secret"))
            #expect(try stage.done() == 30)
            let again = try await stage.relabel()
            #expect(again.output == "0 rows to relabel: all have the labels of the live adapters\n")
        }
    }

    /// What waits to be published is said, and who publishes it: here another process, as the lease says, then nobody.
    /// Commands that store labels say it alike.
    @Test func whatWaitsToBePublishedIsSaid() async throws {
        try await Self.with(rows: 3) { stage in
            let yaml = try String(contentsOfFile: stage.file, encoding: .utf8)
            let output = "sink: { kafka: { topic: labels }, postgres"
            try yaml.replacing("sink: { postgres", with: output).write(
                toFile: stage.file, atomically: true, encoding: .utf8)
            try stage.connection.execute(
                """
                INSERT INTO lorikeet.leases VALUES ('publishing moods', gen_random_uuid(), 'another host, process 7',
                    now(), now() + interval '60 seconds')
                """)
            let held = try await stage.relabel(["--publish"])
            #expect(held.status == 0, "\(held.error)")
            let records = "note: 3 records wait in the outbox; "
            #expect(
                held.error.contains(records + "another host, process 7 publishes what waits there"), "\(held.error)")

            try stage.connection.execute("DELETE FROM lorikeet.leases")
            try stage.connection.execute("UPDATE lorikeet.labels SET adapter_digest = repeat('1', 64)")
            let free = try await stage.relabel(["--publish", "--json"])
            let report = try #require(free.objects.first ?? nil)
            #expect(report["outbox"] as? Int == 3 && report["publisher"] == nil, "\(free.output)")
            #expect(
                free.error.contains(records + "nobody publishes them now: start a daemon of the pipeline"),
                "\(free.error)")

            try stage.connection.execute(
                """
                INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, stage, reason)
                SELECT pipeline, topic, "partition", "offset", produced_at, 'publish', 'too large'
                FROM lorikeet.labels LIMIT 1
                """)
            let retried = try await Program.run(
                ["rejected", "retry", "--pipeline", stage.file, "--all", "--json"], environment: stage.environment)
            let retry = try #require(retried.objects.first ?? nil)
            #expect(retry["republished"] as? Int == 1 && retry["outbox"] as? Int == 3, "\(retried.output)")
            #expect(retried.error.contains(records + "nobody publishes them now: start a daemon"), "\(retried.error)")
        }
    }

    /// The process dies at each place around a transaction. The next one finds in the table what is left to do.
    @Test func aCrashLosesNothingAndLabelsNothingTwice() async throws {
        try await Self.with(rows: 400) { stage in
            for point in [CrashPoint.inClassification, .beforeTransaction, .inTransaction, .afterTransaction] {
                let crashed = try await stage.relabel(
                    ["--history"], adding: ["LORIKEET_CRASH_AT": point.rawValue + ":2"])
                // A process that has nothing more to do at that place does not die.
                #expect(crashed.status == -9 || crashed.status == 0, "\(point): \(crashed.status) \(crashed.error)")
            }
            let last = try await stage.relabel(["--history"])
            #expect(last.status == 0, "\(last.error)")
            #expect(try stage.done() == 400)
            let history = try stage.connection.execute("SELECT count(*) AS n FROM lorikeet.labels_history")
            #expect(try history.first?.integer("n") == 400)
        }
    }

    @Test(arguments: [
        (["--rate", "0"], "--rate must be greater than 0"), (["--texts", "-1"], "--texts"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--since must be before --until"),
        (["--dry-run", "--history"], "leave out --history and --publish"),
        (["--where-adapter", "3F1B09C4A2DE"], "--where-adapter must be"),
        (["--where-adapter", "abc"], "--where-adapter must be"), (["--since", "yesterday"], "--since"),
    ]) func wrongArgumentsAreUsageErrors(_ arguments: [String], _ message: String) async throws {
        let outcome = try await Program.run(["relabel", "--pipeline", "p.yaml"] + arguments)
        #expect(outcome.status == 64, "\(outcome.error)")
        #expect(outcome.error.contains(message), "\(outcome.error)")
    }

    @Test func aPipelineFileIsRequired() async throws {
        let outcome = try await Program.run(["relabel"])
        #expect(outcome.status == 64 && outcome.error.contains("--pipeline <file>"), "\(outcome.error)")
        let missing = try await Program.run(["relabel", "--pipeline", "/nowhere.yaml"])
        #expect(missing.status == 78 && missing.error.contains("/nowhere.yaml"), "\(missing.error)")
    }
}
