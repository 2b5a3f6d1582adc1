import BERT
import Foundation
import TestSupport
import Testing

/// `run`, `check`, `test` and `retrain` as a script calls them; what they do inside is the daemon's own tests' matter.
@Suite(.scratch) struct PipelineCommandTests {
    @Test func aGoodFilePassesTheCheckWithoutServers() async throws {
        let (_, file) = try MoodPipeline.write()
        let outcome = try await Program.run(["check", "--offline", file])
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.lines.last == "0 errors, 0 warnings")
        let json = try await Program.run(["check", "--offline", "--json", file])
        #expect((json.objects.first??["findings"] as? [[String: Any]])?.isEmpty == false)
    }

    /// Mistakes in the file, in a consumer property and in the base's folder come together, as compilers write them.
    @Test func everyProblemIsOneLineOfStandardError() async throws {
        let (_, file) = try MoodPipeline.write(extra: "colour: blue\nunrouted: dropp")
        let url = URL(fileURLWithPath: file)
        let text = try String(contentsOf: url, encoding: .utf8)
            .replacing("group: moods }", with: "group: moods, properties: { session.timeout: 45000 } }")
        try Data(text.utf8).write(to: url)
        let outcome = try await Program.run(["check", "--offline", file])
        #expect(outcome.status == 78)
        #expect(outcome.lines.last == "3 errors, 0 warnings", "\(outcome.output)")
        let lines = outcome.error.split(separator: "\n")
        #expect(lines.count == 3, "\(outcome.error)")
        #expect(lines.contains { $0.hasPrefix("\(file):9:1: error: colour: unknown key") }, "\(outcome.error)")
        #expect(
            lines.contains {
                $0 == "\(file):10:1: error: unrouted: must be reject or drop; \"dropp\" is not (did you mean drop?)"
            }, "\(outcome.error)")
        #expect(
            lines.contains { $0.hasPrefix("\(file):4:") && $0.contains(": error: source.kafka.properties.session") },
            "\(outcome.error)")
        let json = try await Program.run(["check", "--offline", "--json", file])
        let findings = try #require(json.objects.first??["findings"] as? [[String: Any]])
        #expect(json.status == 78 && json.error.isEmpty)
        #expect(findings.count == 3 && findings.allSatisfy { $0["line"] is Int && $0["column"] is Int })
        #expect(Set(findings.compactMap { $0["key"] as? String }).contains("colour"))
    }

    /// With the base that `make setup` downloads; the adapters are the reader's to train.
    @Test func theFilesToStartFromPassTheCheck() async throws {
        let folder = BuiltProgram.package.appending(path: "pipelines")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(files.count >= 10)
        let process = try Program.make(
            ["check", "--offline"] + files.sorted().map { "pipelines/\($0)" },
            environment: ["DATABASE_URL": "postgresql://localhost/texts"])
        process.currentDirectoryURL = BuiltProgram.package
        let outcome = try await Program.outcome(of: process)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.lines.last?.hasPrefix("0 errors, ") == true, "\(outcome.output)")
    }

    @Test func initWritesAFileThatCheckAccepts() async throws {
        let (scratch, _) = try MoodPipeline.write()
        let output = scratch.path("new.yaml")
        let flags = [
            "init", "--brokers", "127.0.0.1:1", "--topic", "tickets", "--text", "/body", "--task", "urgency",
            "--labels", "low, normal,high", "--postgres", "${DATABASE_URL}", "--base", scratch.path("base"),
            "--output", output,
        ]
        let written = try await Program.run(flags)
        #expect(written.status == 0 && written.output == "wrote \(output)\n", "\(written.error)")
        let check = try await Program.run(
            ["check", "--offline", output], environment: ["DATABASE_URL": "postgresql://localhost/texts"])
        #expect(check.status == 0, "\(check.error)")
        let again = try await Program.run(flags)
        #expect(again.status == 1 && again.error.contains("exists"), "\(again.error)")
        #expect(try await Program.run(flags + ["--force"]).status == 0)
        let flagless = try await Program.run(["init", "--task", "urgency"])
        #expect(flagless.status == 64)
        #expect(flagless.error.contains("give --brokers, --topic, --labels, --postgres"), "\(flagless.error)")
    }

    @Test func theSchemaIsPrintedByTwoCommands() async throws {
        let schema = try await Program.run(["schema"])
        #expect(schema.status == 0 && schema.error.isEmpty)
        let root = try JSONSerialization.jsonObject(with: Data(schema.output.utf8)) as? [String: Any]
        #expect(root?["$id"] as? String == "urn:lorikeet:pipeline-file")
        #expect(try await Program.run(["check", "--schema"]).output == schema.output)
    }

    @Test func aBadFileIsNamedByLineAndKeyAndEndsWith78() async throws {
        let (_, file) = try MoodPipeline.write(extra: "colour: blue")
        for command in [["check", "--offline"], ["check", "--json"], ["run"], ["test"]] {
            let outcome = try await Program.run(command + [file])
            #expect(outcome.status == 78, "\(command): \(outcome.error)")
            let words = outcome.output + outcome.error
            #expect(words.contains("colour"), "\(words)")
            #expect(command.contains("--json") || words.contains("\(file):9"), "\(words)")
        }
        let retraining = try await Program.run(["retrain", "mood", "--pipeline", file])
        #expect(retraining.status == 78)
        let missing = try await Program.run(["run", "/nowhere.yaml"])
        #expect(missing.status == 78)
        #expect(missing.error.contains("/nowhere.yaml"))
    }

    /// Properties of the Java client, as many files have them: `check` and `run` end with the same message.
    @Test(arguments: [
        ("session.timeout: 45000", "use session.timeout.ms"),
        ("sasl.jaas.config: hunter2", "sasl.username and sasl.password"),
        ("session.timeout.ms: 45s", "decimal digits only"), ("auto.offset.reset: error", "earliest or latest"),
        ("auto.offset.reset: earlyest", "earliest"), ("key.deserializer: org.x.StringDeserializer", "leave it out"),
        ("partition.assignment.strategy: org.x.RangeAssignor", "range, roundrobin and cooperative-sticky"),
    ])
    func checkVouchesForRun(_ property: String, _ hint: String) async throws {
        let (_, file) = try MoodPipeline.write()
        let url = URL(fileURLWithPath: file)
        let text = try String(contentsOf: url, encoding: .utf8)
        let changed = text.replacing("group: moods }", with: "group: moods, properties: { \(property) } }")
        try Data(changed.utf8).write(to: url)
        for command in [["check", "--offline"], ["check"], ["run", "--no-http"]] {
            let outcome = try await Program.run(command + [file])
            let words = outcome.output + outcome.error
            #expect(outcome.status == 78, "\(command): \(words)")
            let key = "source.kafka.properties.\(property.prefix { $0 != ":" }): "
            #expect(words.contains(command[0] == "check" ? ": error: \(key)" : "\(file):4: \(key)"), "\(words)")
            #expect(words.contains(hint) && !words.contains("hunter2"), "\(words)")
        }
    }

    @Test func examplesPassOrFail() async throws {
        let (_, file) = try MoodPipeline.write(
            extra: """
                examples:
                  - { text: the film was good, task: mood, label: plus }
                  - { text: the film was good, task: mood, label: minus }
                """
        )
        let outcome = try await Program.run(["test", file])
        #expect(outcome.status == 1, "\(outcome.error)")
        #expect(outcome.lines.count { $0.hasPrefix("pass") } == 1)
        #expect(outcome.lines.count { $0.hasPrefix("FAIL") } == 1)
        #expect(outcome.lines.last == "1 of 2 examples pass")
        let json = try await Program.run(["test", "--json", file])
        let passed = json.objects.compactMap { $0?["passed"] as? Bool }
        #expect(Set(passed) == [true, false])
    }

    @Test func importTakesDatabaseAndBaseFromThePipelineAndComparesLabels() async throws {
        try await withTestDatabase { database in
            let (scratch, file) = try MoodPipeline.write(dsn: database.dsn())
            #expect(try await Program.run(["migrate", "--pipeline", file]).status == 0)
            let imported = try await Program.run([
                "adapters", "import", "mood", scratch.path("adapter"), "--pipeline", file, "--promote",
            ])
            #expect(imported.status == 0, "\(imported.error)")
            let unknown = try await Program.run([
                "adapters", "import", "taste", scratch.path("adapter"), "--pipeline", file,
            ])
            #expect(unknown.status == 78)
            #expect(unknown.error.contains("taste"))
            let other = try TestModels.adapter(
                over: BERTBase(directory: scratch.path("base")), labels: ["up", "down"], task: "mood")
            try other.write(to: scratch.path("other"))
            let mismatch = try await Program.run([
                "adapters", "import", "mood", scratch.path("other"), "--pipeline", file,
            ])
            #expect(mismatch.status == 78)
            #expect(mismatch.error.contains("\(file):6: tasks.mood: labels differ"))
        }
    }

    @Test func migrateMovesTheTextsOfTheVersionBefore() async throws {
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            let first = try await Program.run(["migrate"], environment: environment)
            #expect(first.status == 0 && first.lines.count == 1 && first.error.isEmpty, "\(first.error)")
            let connection = try database.connect()
            defer { connection.close() }
            func store(_ offsets: String) throws {
                try connection.execute(
                    """
                    INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label,
                        score, scores, adapter_digest, text)
                    SELECT 'p', 't', 0, o, 'mood', now(), 'up', 1, '{}', 'd', 'text'
                    FROM generate_series(\(offsets)) AS o
                    """)
            }
            try store("1, 30")
            let second = try await Program.run(["migrate"], environment: environment)
            #expect(second.lines.count == 2 && second.lines.last == "texts moved to lorikeet.messages: 30 rows")
            #expect(second.error.contains("REINDEX TABLE CONCURRENTLY lorikeet.labels"))
            try store("31, 40")
            let third = try await Program.run(["migrate", "--json"], environment: environment)
            #expect(third.objects.first??["moved_texts"] as? Int == 10 && third.lines.count == 1)
        }
    }

    @Test func aRetrainingWithoutRowsIsRejectedWithItsReason() async throws {
        try await withTestDatabase { database in
            let (_, file) = try MoodPipeline.write(dsn: database.dsn())
            #expect(try await Program.run(["migrate", "--pipeline", file]).status == 0)
            let outcome = try await Program.run(["retrain", "mood", "--pipeline", file, "--json"])
            #expect(!outcome.output.isEmpty || outcome.status == 1)
            #expect(outcome.error.isEmpty || !outcome.error.contains("unexpected"))
            let unknown = try await Program.run(["retrain", "taste", "--pipeline", file])
            #expect(unknown.status == 78 || unknown.status == 64, "\(unknown.error)")
            #expect(unknown.error.contains("taste"))
        }
    }
}
