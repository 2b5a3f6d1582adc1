import BERT
import Foundation
import Serving
import TestSupport
import Testing

/// Adapters whose folders name no labels, as PEFT's do not: every command that takes one can name them.
@Suite(.scratch) struct LabelNamesTests {
    /// A base of `positions`, adapters `bare`, `said` (with `id2label` beside it) and `named`, all with the same
    /// weights; rows.
    private static func material(positions: Int = 64) throws -> (scratch: Scratch, base: String, rows: String) {
        let scratch = try Scratch()
        let base = scratch.path("base")
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
        try TestModels.writeTinyBase(.bert, to: base, positions: positions, words: TinyBase.words)
        let adapter = try TestModels.adapter(over: BERTBase(directory: base), labels: ["minus", "plus"])
            .with { ($0.baseDigest, $0.labels) = (nil, ["minus", "plus"]) }
        for name in ["named", "bare", "said"] {
            try adapter.write(to: scratch.path(name))
            if name != "named" { try FileManager.default.removeItem(atPath: scratch.path(name + "/lorikeet.json")) }
        }
        try scratch.write("said/config.json", #"{"id2label": {"0": "minus", "1": "plus"}}"#)
        return (scratch, base, try scratch.write("rows.tsv", TinyBase.tsv(TinyBase.rows(12))))
    }

    @Test func classifyAndEvaluateAgreeHoweverTheLabelsAreNamed() async throws {
        let (scratch, base, rows) = try Self.material()
        for command in [["classify"], ["evaluate", "--json"]] {
            func run(_ adapter: String, _ more: [String] = []) async throws -> Program.Outcome {
                try await Program.run(
                    command + ["--base", base, "--adapter", scratch.path(adapter), "--input", rows] + more)
            }
            let expected = try await run("named")
            #expect(expected.status == 0 && !expected.output.isEmpty, "\(expected.error)")
            for (adapter, labels) in [
                ("said", []), ("bare", ["minus", "plus"]), ("said", ["minus", "plus"]), ("named", ["minus", "plus"]),
            ] {
                let outcome = try await run(adapter, labels.isEmpty ? [] : ["--labels"] + labels)
                #expect(
                    outcome.status == 0 && outcome.output == expected.output,
                    "\(command) \(adapter) \(labels): \(outcome.error)")
            }
            let wrong: [(adapter: String, labels: [String], words: String)] = [
                ("bare", ["minus"], "the head has 2 rows, but --labels has 1 label"),
                ("bare", ["a", "b", "c"], "--labels has 3 labels"),
                ("said", ["plus", "minus"], "row 0 of the head is \"minus\""),
                ("named", ["plus", "minus"], "the folder names its labels (minus, plus), but --labels names others"),
                ("bare", ["a", "a"], "two are equal"),
            ]
            for (adapter, labels, words) in wrong {
                let outcome = try await run(adapter, ["--labels"] + labels)
                #expect(outcome.status == 1 && outcome.output.isEmpty, "\(adapter) \(labels)")
                #expect(
                    outcome.error.contains(words) && outcome.error.contains(scratch.path(adapter)), "\(outcome.error)")
            }
        }
        let several = try await Program.run(
            [
                "classify", "--base", base, "--adapter", scratch.path("bare"), "--adapter", scratch.path("said"),
                "--labels", "a", "b",
            ])
        #expect(several.status == 64)
        let hint = try await Program.run([
            "evaluate", "--base", base, "--adapter", scratch.path("bare"), "--input", rows,
        ])
        #expect(hint.status == 0 && hint.error.contains("give them with --labels"), "\(hint.error)")
    }

    @Test func compareNamesTheLabelsOfTheAdapterWithoutNames() async throws {
        let (scratch, base, rows) = try Self.material()
        func compare(_ first: String, _ second: String, _ labels: [String]) async throws -> Program.Outcome {
            let options = ["--base", base, "--input", rows, "--json"] + (labels.isEmpty ? [] : ["--labels"] + labels)
            return try await Program.run(["compare", scratch.path(first), scratch.path(second)] + options)
        }
        let digests = Set(
            try await [
                compare("named", "said", []), compare("bare", "named", ["minus", "plus"]),
                compare("bare", "bare", ["minus", "plus"]),
            ]
            .flatMap { outcome in
                #expect(outcome.status == 0, "\(outcome.error)")
                return ["first", "second"].map {
                    ((outcome.objects.first ?? nil)?[$0] as? [String: Any])?["digest"] as? String
                }
            })
        #expect(digests.count == 1 && digests != [nil])
        let both = try await compare("named", "named", ["plus", "minus"])
        #expect(both.status == 1 && both.error.contains("both folders name their labels"))
        let few = try await compare("named", "bare", ["plus"])
        #expect(few.status == 1 && few.error.contains("--labels has 1 label"))
    }

    private static func pipeline(_ scratch: Scratch, labels: String, adapter: String, dsn: String = "host=/nowhere")
        throws -> String
    {
        try scratch.write(
            "pipeline.yaml",
            """
            name: moods
            base: \(scratch.path("base"))
            source: { kafka: { brokers: "127.0.0.1:1", topics: [moods], group: moods } }
            tasks:
              mood: { labels: \(labels), adapter: \(scratch.path(adapter)) }
            sink: { postgres: "\(dsn)" }
            examples: [{ text: the film was good, task: mood, label: plus }]
            """)
    }

    /// The pipeline file names the labels for `check` and `test`, over a base with fewer positions than the default of
    /// `max_tokens`.
    @Test func thePipelineNamesTheLabelsForCheckAndTest() async throws {
        let (scratch, _, _) = try Self.material(positions: 16)
        var answers: [String] = []
        for adapter in ["named", "bare", "said"] {
            let file = try Self.pipeline(scratch, labels: "[minus, plus]", adapter: adapter)
            let check = try await Program.run(["check", "--offline", file])
            #expect(check.status == 0 && check.lines.last == "0 errors, 0 warnings", "\(check.output)")
            let test = try await Program.run(["test", "--json", file])
            #expect(test.status <= 1, "\(test.error)")
            answers.append(test.output)
        }
        #expect(Set(answers).count == 1)
        let wrong: [(adapter: String, labels: String, words: String)] = [
            ("bare", "[minus, plus, odd]", "the head has 2 rows, but tasks.mood.labels has 3 labels"),
            ("said", "[plus, minus]", "row 0 of the head is \"minus\" in id2label of config.json"),
        ]
        for (adapter, labels, words) in wrong {
            let file = try Self.pipeline(scratch, labels: labels, adapter: adapter)
            for command in ["check", "test", "run"] {
                let outcome = try await Program.run([command] + (command == "check" ? ["--offline"] : []) + [file])
                #expect(outcome.status == 78, "\(command): \(outcome.error)")
                let place = command == "check" ? "\(file):5:11: error" : "\(file):5"
                #expect(
                    (outcome.output + outcome.error).contains("\(place): tasks.mood.labels: \(words)"),
                    "\(outcome.error)")
            }
        }
    }

    @Test func importTakesTheNamesFromThePipelineOrTheOption() async throws {
        let (scratch, base, rows) = try Self.material()
        try await withTestDatabase { database in
            let file = try Self.pipeline(scratch, labels: "[minus, plus]", adapter: "bare", dsn: database.dsn())
            let environment = ["DATABASE_URL": database.dsn()]
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            func importing(_ adapter: String, _ more: [String]) async throws -> Program.Outcome {
                try await Program.run(
                    ["adapters", "import", "mood", scratch.path(adapter), "--json"] + more, environment: environment)
            }
            var digests: Set<String?> = []
            for (adapter, more) in [
                ("named", ["--pipeline", file]), ("bare", ["--pipeline", file]),
                ("bare", ["--base", base, "--labels", "minus", "plus"]),
                ("said", ["--base", base, "--evaluate", rows]),
                ("bare", ["--pipeline", file, "--labels", "minus", "plus", "--promote"]),
            ] {
                let outcome = try await importing(adapter, more)
                #expect(outcome.status == 0, "\(outcome.error)")
                digests.insert(outcome.objects.first??["digest"] as? String)
            }
            #expect(digests.count == 1 && digests != [nil])
            let shown = try await Program.run(["adapters", "show", "mood", "--json"], environment: environment)
            #expect(shown.objects.first??["labels"] as? [String] == ["minus", "plus"])

            let wrong: [(adapter: String, more: [String], status: Int32, words: String)] = [
                (
                    "bare", ["--pipeline", file, "--labels", "plus", "minus"], 78,
                    "row 0 of the head is \"plus\" in --labels"
                ),
                ("named", ["--base", base, "--labels", "plus", "minus"], 1, "the folder names its labels"),
                ("bare", ["--base", base, "--labels", "plus"], 1, "the head has 2 rows, but --labels has 1 label"),
            ]
            for (adapter, more, status, words) in wrong {
                let outcome = try await importing(adapter, more)
                #expect(outcome.status == status && outcome.error.contains(words), "\(outcome.error)")
            }
            let other = try Self.pipeline(scratch, labels: "[minus, plus, odd]", adapter: "bare", dsn: database.dsn())
            let few = try await importing("bare", ["--pipeline", other])
            #expect(
                few.status == 78 && few.error.contains("\(other):5: tasks.mood: the head has 2 rows"), "\(few.error)")
        }
    }

    /// The default limit is lowered to the positions of the base; a larger one on the command line is an error.
    @Test(arguments: ["tokenize", "classify", "evaluate", "benchmark tokenize"])
    func textsAreTruncatedToThePositionsOfTheBase(name: String) async throws {
        let (scratch, base, _) = try Self.material(positions: 8)
        let long = try scratch.write("long.tsv", "plus\t\(TinyBase.words.joined(separator: " "))\n")
        var command = name.split(separator: " ").map(String.init) + ["--base", base, "--input", long]
        if ["classify", "evaluate"].contains(name) { command += ["--adapter", scratch.path("named")] }
        let outcome = try await Program.run(command)
        #expect(outcome.status == 0, "\(outcome.error)")
        if name == "tokenize" { #expect((outcome.objects.first??["ids"] as? [Int])?.count == 8) }
        let tooMany = try await Program.run(command + ["--max-tokens", "9"])
        #expect(tooMany.status == 64 && tooMany.error.contains("at most 8 tokens"), "\(tooMany.error)")
    }
}
