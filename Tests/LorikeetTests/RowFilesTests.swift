import Foundation
import Serving
import TestSupport
import Testing

/// Files as people have them, through every command that reads rows.
@Suite(.scratch) struct RowFilesTests {
    private static let rows = TinyBase.rows(36)

    private static func lines(_ header: String, _ row: (_ label: String, _ text: String) -> String) -> String {
        header + rows.map { row($0.label, $0.text) + "\n" }.joined()
    }

    private static func train(_ scratch: Scratch, _ extra: [String]) async throws -> Program.Outcome {
        let base = try TinyBase.write(to: scratch)
        return try await Program.run(
            ["train", "--base", base, "--output", scratch.path("adapter"), "--overwrite", "--no-report", "--json"]
                + ["--epochs", "1", "--hold-out", "0"] + extra)
    }

    private static func labels(_ outcome: Program.Outcome) throws -> [String: Int] {
        #expect(outcome.status == 0, "\(outcome.error)")
        let rows = try #require(outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
        return try #require((rows["training"] as? [String: Any])?["labels"] as? [String: Int])
    }

    @Test func aHeaderIsNeverAClass() async throws {
        let scratch = try Scratch()
        let known = [
            try scratch.write("a.tsv", Self.lines("\u{FEFF}label\ttext\n") { "\($0)\t\($1)" }),
            try scratch.write("b.tsv", Self.lines("Text\tLabel\n") { "\($1)\t\($0)" }),
            try scratch.write("c.csv", Self.lines("Category,Message\n") { "\($0),\($1)" }),
        ]
        for file in known {
            let outcome = try await Self.train(scratch, ["--train", file, "--conflicts", "newest"])
            #expect(try Set(Self.labels(outcome).keys) == ["plus", "minus"], "\(file)")
        }
        for (header, name) in [("Quality\tsentence\n", "sentence"), ("Quality\tReview notes\n", "Quality")] {
            let file = try scratch.write("d.tsv", Self.lines(header) { "\($0)\t\($1) and so on and so on" })
            let refused = try await Self.train(scratch, ["--train", file])
            #expect(
                refused.status == 1 && refused.error.contains(name) && refused.error.contains("--label-column"),
                "\(refused.error)")
            let named = try await Self.train(scratch, ["--train", file, "--label-column", "quality"])
            #expect(try Set(Self.labels(named).keys) == ["plus", "minus"])
        }
    }

    @Test func swappedColumnsAreRefusedUnlessOptionsNameThem() async throws {
        let scratch = try Scratch()
        let texts = TinyBase.rows(36).enumerated().map { "\($1.text) \($0),\($1.label)\n" }
        let file = try scratch.write("x.csv", texts.joined())
        let refused = try await Self.train(scratch, ["--train", file])
        #expect(refused.status == 1 && refused.error.contains("are the columns swapped?"), "\(refused.error)")
        for option in ["--text-column", "--label-column"] { #expect(refused.error.contains(option)) }
        let read = try await Self.train(scratch, ["--train", file, "--text-column", "1"])
        #expect(try Self.labels(read) == ["plus": 18, "minus": 18])
    }

    @Test func exportsOfLabellingToolsAreRead() async throws {
        let scratch = try Scratch()
        let doccano = try scratch.write(
            "d.jsonl",
            TinyBase.rows(36).enumerated().map {
                "{\"id\":\($0),\"text\":\"\($1.text) \($0)\",\"label\":[\"\($1.label)\"]}\n"
            }.joined())
        #expect(try Self.labels(await Self.train(scratch, ["--train", doccano])) == ["plus": 18, "minus": 18])
        let tasks = TinyBase.rows(36).enumerated().map { index, row in
            let result = #"{"from_name":"mood","type":"choices","value":{"choices":["\#(row.label)"]}}"#
            let annotation = #"{"was_cancelled":false,"result":[\#(result)]}"#
            return #"{"data":{"text":"\#(row.text) \#(index)"},"annotations":[\#(annotation)]}"#
        }
        let studio = try scratch.write("s.json", "[" + tasks.joined(separator: ",\n") + "]")
        for option in [[], ["--multi-label"]] {
            #expect(
                try Self.labels(await Self.train(scratch, ["--train", studio] + option)) == ["plus": 18, "minus": 18])
        }
        let sets = try scratch.write(
            "e.csv",
            "id,text,sentiment\n"
                + TinyBase.rows(36).enumerated().map { index, row in
                    let choices = #""{""choices"": [""\#(row.label)"", ""b2b""]}""#
                    return "\(index),\"\(row.text)\n\(index)\",\(index % 2 == 0 ? row.label : choices)\n"
                }.joined())
        let lacking = try await Self.train(scratch, ["--train", sets])
        #expect(
            lacking.status == 1 && lacking.error.contains("id, text, sentiment")
                && lacking.error.contains("--label-column"))
        let single = try await Self.train(scratch, ["--train", sets, "--label-column", "sentiment"])
        #expect(
            single.status == 1 && single.error.contains("has 2 labels") && single.error.contains("--multi-label"),
            "\(single.error)")
        let multi = try await Self.train(scratch, ["--train", sets, "--label-column", "sentiment", "--multi-label"])
        #expect(try Self.labels(multi) == ["plus": 18, "minus": 18, "b2b": 18])
    }

    @Test func aFileWithoutRowsIsNamedForWhatItIs() async throws {
        let scratch = try Scratch()
        let hash = try scratch.write(
            "h.csv",
            "text,label\n"
                + TinyBase.rows(36).enumerated().map { "\($1.text) \($0),\($1.label)\($0 % 4 < 2 ? "#b2b" : "")\n" }
                .joined())
        let joined = try await Self.train(scratch, ["--train", hash])
        #expect(joined.status == 1 && joined.error.contains("--label-separator '#'"), "\(joined.error)")
        let separated = try await Self.train(scratch, ["--train", hash, "--multi-label", "--label-separator", "#"])
        #expect(try Set(Self.labels(separated).keys) == ["plus", "minus", "b2b"])
    }

    /// Every command that takes texts answers each row of a labelled file once, and refuses what it cannot tell.
    @Test func classifyAndTokenizeReadFilesAsTrainDoes() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let plain = try scratch.write("t.txt", Self.lines("") { $1 })
        let expected = try await Program.run(["tokenize", "--base", base, "--input", plain]).output
        let files = [
            (try scratch.write("a.csv", Self.lines("label, text\n") { "\($0),\($1)" }), []),
            (try scratch.write("b.csv", Self.lines("id, text, label\n") { "1,\($1),\($0)" }), []),
            (try scratch.write("c.tsv", Self.lines("Text\tLabel\n") { "\($1)\t\($0)" }), []),
            (
                try scratch.write("d.csv", Self.lines("id,lang,body\n") { "\($0.count),en,\($1)" }),
                ["--text-column", "body"]
            ),
            (
                try scratch.write(
                    "e.json", "[" + Self.rows.map { "{\"text\":\"\($0.text)\"}" }.joined(separator: ",") + "]"), []
            ),
            (try scratch.write("f.data", Self.lines("text;label\n") { "\($1);\($0)" }), ["--format", "csv"]),
        ]
        for (file, options) in files {
            let outcome = try await Program.run(["tokenize", "--base", base, "--input", file] + options)
            #expect(outcome.status == 0 && outcome.output == expected, "\(file): \(outcome.error)")
        }
        let piped = try await Program.run(
            ["tokenize", "--base", base, "--format", "jsonl"],
            input: Data(Self.lines("") { "{\"label\":\"\($0)\",\"text\":\"\($1)\"}" }.utf8))
        #expect(piped.output == expected)

        let refused = [
            ["tokenize"], ["benchmark", "tokenize"], ["benchmark", "classify"], ["benchmark", "delivery"],
        ]
        for command in refused {
            let outcome = try await Program.run(command + ["--base", base, "--input", scratch.path("d.csv")])
            #expect(outcome.status == 1 && outcome.output.isEmpty, "\(command)")
            #expect(
                outcome.error.contains("id, lang, body") && outcome.error.contains("--text-column"), "\(outcome.error)")
        }
        let ragged = try scratch.write("r.csv", "label,text\nplus,good day\nminus\n")
        let outcome = try await Program.run(["tokenize", "--base", base, "--input", ragged])
        #expect(outcome.status == 1 && outcome.error.contains("r.csv:3: has 1 columns, but the first line has 2"))
        let lines = try await Program.run(["tokenize", "--base", base, "--text-column", "body"])
        #expect(lines.status == 64 && lines.error.contains("--format"))
    }

    @Test func evaluateAndCompareReadFilesAsTrainDoes() async throws {
        let scratch = try Scratch()
        let file = try scratch.write("a.csv", Self.lines("id,words,mood\n") { "\($0.count),\($1),\($0)" })
        let columns = ["--text-column", "words", "--label-column", "mood"]
        #expect(try await Self.train(scratch, ["--train", file] + columns).status == 0)
        let base = scratch.path("base")
        for (command, option) in [
            (["evaluate", "--adapter", scratch.path("adapter")], "--input"),
            (["compare", scratch.path("adapter"), scratch.path("adapter")], "--input"),
            (["benchmark", "train", "--epochs", "1"], "--train"),
        ] {
            let refused = try await Program.run(command + ["--base", base, option, file])
            #expect(refused.status == 1 && refused.error.contains("id, words, mood"), "\(command): \(refused.error)")
            let outcome = try await Program.run(command + ["--base", base, option, file] + columns)
            #expect(outcome.status == 0, "\(command): \(outcome.error)")
        }
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            let command = [
                "adapters", "import", "mood", scratch.path("adapter"), "--base", base, "--evaluate", file, "--json",
            ]
            let refused = try await Program.run(command, environment: environment)
            #expect(refused.status == 1 && refused.error.contains("id, words, mood"), "\(refused.error)")
            let outcome = try await Program.run(command + columns, environment: environment)
            #expect(outcome.status == 0 && outcome.objects.first??["metrics"] is [String: Any], "\(outcome.error)")
        }
    }

    @Test func labelsOfAQueryAreThoseOfFiles() async throws {
        let scratch = try Scratch()
        try await withTestDatabase { database in
            let connection = try database.connect()
            defer { connection.close() }
            try connection.execute("CREATE TYPE mood AS ENUM ('plus', 'minus')")
            try connection.execute("CREATE TABLE notes (number int, body text, good boolean, mood mood)")
            for (index, row) in TinyBase.rows(36).enumerated() {
                try connection.execute(
                    "INSERT INTO notes VALUES ($1, $2, $3::boolean, $4::mood)",
                    [
                        .integer(Int64(index)), .text("\(row.text) \(index)"), .text(row.label == "plus" ? "t" : "f"),
                        .text(row.label),
                    ])
            }
            func labels(_ columns: String, _ options: [String] = []) async throws -> Set<String> {
                let outcome = try await Program.run(
                    [
                        "train", "--base", TinyBase.write(to: scratch), "--output", scratch.path("adapter"),
                        "--overwrite", "--no-report",
                    ]
                        + ["--json", "--epochs", "1", "--query", "SELECT \(columns) FROM notes"] + options,
                    environment: ["DATABASE_URL": database.dsn()])
                guard outcome.status == 0 else { return [outcome.error] }
                return try Set(Self.labels(outcome).keys)
            }
            #expect(try await labels("body AS text, good AS label") == ["true", "false"])
            #expect(try await labels("body AS text, ARRAY[good] AS label") == ["true", "false"])
            #expect(
                try await labels("body AS text, ARRAY[mood, 'plus'] AS labels", ["--multi-label"]) == ["plus", "minus"])
            #expect(try await labels("body AS text, to_jsonb(good) AS label") == ["true", "false"])
            #expect(
                try await labels("body AS text, jsonb_build_object('choices', ARRAY[mood]) AS label") == [
                    "plus", "minus",
                ])
            #expect(try await labels("body AS message, mood AS class") == ["plus", "minus"])
            #expect(
                try await labels("number, body, mood", ["--text-column", "body", "--label-column", "mood"]) == [
                    "plus", "minus",
                ])
            let swapped = try await labels("body AS label, mood::text AS text")
            #expect(swapped.first?.contains("36 different labels for 2 different texts") == true, "\(swapped)")
            let unknown = try await labels("number, body, mood")
            #expect(unknown.first?.contains("they are number, body, mood") == true, "\(unknown)")
        }
    }

    @Test func findingsInTheRowsAreReported() async throws {
        let scratch = try Scratch()
        let rows = TinyBase.rows(36).enumerated().map { index, row in
            let label = index == 0 ? row.label.uppercased() : row.label
            return "{\"label\":\"\(label)\",\"text\":\"\(row.text) \(index)\(index == 5 ? "\\ud83d" : "")\"}\n"
        }
        let outcome = try await Self.train(scratch, ["--train", try scratch.write("x.jsonl", rows.joined())])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
        let training = try #require(report["training"] as? [String: Any])
        #expect(training["replaced_surrogates"] as? Int == 1)
        #expect(training["alike_labels"] as? [[String]] == [["PLUS", "plus"]])
    }
}
