import Foundation
import Testing

@Suite(.scratch) struct ClassifyTests {
    /// A base and an adapter trained on 256 rows.
    private static func trained(task: String? = nil, dtype: String = "float32") async throws -> (
        scratch: Scratch, base: String, adapter: String
    ) {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let train = try scratch.write("train.tsv", TinyBase.tsv(TinyBase.rows(256)))
        let outcome = try await Program.run(
            [
                "train", "--base", base, "--train", train, "--output", scratch.path("mood"), "--epochs", "48", "--rate",
                "1e-2",
                "--hold-out", "0", "--dtype", dtype,
            ]
                + (task.map { ["--task", $0] } ?? []))
        #expect(outcome.status == 0, "\(outcome.error)")
        return (scratch, base, scratch.path("mood"))
    }

    @Test func aTextGetsALabelItsScoreAndAllScores() async throws {
        let (_, base, adapter) = try await Self.trained()
        let outcome = try await Program.run(
            ["classify", "--base", base, "--adapter", adapter, "--logits"],
            input: Data("the film was great\nthe day was awful\n\n".utf8))
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.objects.count == 3)
        #expect(outcome.objects.prefix(2).map { $0?["label"] as? String } == ["plus", "minus"])
        for object in outcome.objects {
            let scores = try #require(object?["scores"] as? [String: Double])
            #expect(abs(scores.values.reduce(0, +) - 1) < 1e-5)
            #expect(scores.values.max() == object?["score"] as? Double)
            #expect((object?["logits"] as? [Double])?.count == 2)
        }
        #expect(outcome.lines.allSatisfy { $0.hasPrefix(#"{"label":""#) })
    }

    @Test func aLongTextIsReadInWindowsOnRequest() async throws {
        let (_, base, adapter) = try await Self.trained()
        let filler = String(repeating: "the ", count: 40)
        let input = Data("\(filler)film was great \(filler)\nthe day was awful\n".utf8)
        func run(_ arguments: [String]) async throws -> Program.Outcome {
            try await Program.run(["classify", "--base", base, "--adapter", adapter] + arguments, input: input)
        }
        let outcome = try await run(["--long-texts", "window=16,pool=max"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let long = try #require(outcome.objects.first ?? nil)
        #expect(long["windows"] as? Int == 7 && long["tokens"] as? Int == 83)
        let evidence = try #require(long["evidence"] as? [Int])
        #expect(evidence.count == 2 && evidence[0] < evidence[1])
        #expect(outcome.objects.last??["windows"] == nil)
        let cut = try await run(["--long-texts", "cut"])
        #expect(cut.status == 0 && cut.objects.allSatisfy { $0?["windows"] == nil })
        for (argument, reason) in [
            ("window=16,stride=17", "more than the window of 16"), ("window=512", "the base has only 64 positions"),
            ("windows=16", "there is no windows"), ("16", "is not KEY=VALUE"), ("pool=best", "mean, max or first"),
            ("window=16,window=32", "is given twice"), ("stride=x", "must be a whole number"),
        ] {
            let wrong = try await run(["--long-texts", argument])
            #expect(wrong.status == 64 && wrong.error.contains(reason), "\(argument): \(wrong.error)")
        }
    }

    @Test func severalAdaptersAnswerUnderTheirNames() async throws {
        let (scratch, base, adapter) = try await Self.trained(task: "mood")
        try FileManager.default.copyItem(atPath: adapter, toPath: scratch.path("other"))
        let sidecar = scratch.path("other/lorikeet.json")
        let renamed = try scratch.text("other/lorikeet.json").replacing("\"mood\"", with: "\"tone\"")
        try Data(renamed.utf8).write(to: URL(fileURLWithPath: sidecar))
        let outcome = try await Program.run(
            ["classify", "--base", base, "--adapter", adapter, "--adapter", scratch.path("other"), "--text"],
            input: Data("the film was great\n".utf8))
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = try #require(outcome.objects.first ?? nil)
        #expect(object["text"] as? String == "the film was great")
        let mood = try #require(object["mood"] as? [String: Any])
        let tone = try #require(object["tone"] as? [String: Any])
        #expect(mood["score"] as? Double == tone["score"] as? Double)

        let twice = try await Program.run(["classify", "--base", base, "--adapter", adapter, "--adapter", adapter])
        #expect(twice.status == 64)
        #expect(twice.error.contains("\"mood\""))
    }

    @Test func anAdapterOfAnotherBaseIsRefused() async throws {
        let (scratch, _, adapter) = try await Self.trained()
        let other = try TinyBase.write(to: scratch, name: "other-base", seed: 2)
        let outcome = try await Program.run(
            ["classify", "--base", other, "--adapter", adapter], input: Data("x\n".utf8))
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains(adapter))
        #expect(outcome.error.contains("base"))
    }

    @Test func brokenFoldersAreNamed() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let missing = try await Program.run(["classify", "--base", base, "--adapter", "/nowhere/adapter"])
        #expect(missing.status == 1)
        #expect(missing.error.contains("/nowhere/adapter"))

        let weights = scratch.path("base/model.safetensors")
        try FileHandle(forWritingTo: URL(fileURLWithPath: weights)).truncate(atOffset: 100)
        let truncated = try await Program.run(["classify", "--base", base, "--adapter", "/nowhere/adapter"])
        #expect(truncated.status == 1)
        #expect(truncated.error.contains("model.safetensors"))

        try FileManager.default.removeItem(atPath: weights)
        let without = try await Program.run(["classify", "--base", base, "--adapter", "/nowhere/adapter"])
        #expect(without.status == 1)
        #expect(without.error.contains(base))
    }

    @Test func evaluationCountsWhatClassificationSays() async throws {
        let (scratch, base, adapter) = try await Self.trained()
        let rows = TinyBase.rows(40, seed: 9)
        let file = try scratch.write("test.tsv", TinyBase.tsv(rows))
        let arguments = ["--base", base, "--adapter", adapter, "--input", file]
        let labels = try await Program.run(["classify"] + arguments).objects.map { $0?["label"] as? String }
        let right = zip(rows, labels).count { $0.label == $1 }
        let outcome = try await Program.run(["evaluate"] + arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(outcome.objects.first ?? nil)
        #expect(report["accuracy"] as? Double == Double(right) / 40)
        #expect(report["rows"] as? Int == 40)
        #expect((report["per_label"] as? [[String: Any]])?.count == 2)
        #expect((report["confusion"] as? [[Int]])?.joined().reduce(0, +) == 40)
        #expect(right >= 36, "even this base can learn such rows")

        let table = try await Program.run(["evaluate"] + arguments)
        #expect(table.output.contains("macro-F1"))
        #expect(table.output.contains("truth \\ predicted"))
    }

    /// Trained, measured and used in the type that is given.
    @Test func theTypeOfTheBaseIsAnOption() async throws {
        let (scratch, base, adapter) = try await Self.trained(dtype: "int8")
        #expect(try scratch.text("mood/lorikeet.json").contains("\"dtype\" : \"int8\""))
        let file = try scratch.write("test.tsv", TinyBase.tsv(TinyBase.rows(40, seed: 9)))
        let arguments = ["--base", base, "--adapter", adapter, "--input", file]
        var logits: [[[Double]]] = []
        for dtype in ["float32", "int8"] {
            let outcome = try await Program.run(["evaluate"] + arguments + ["--json", "--dtype", dtype])
            #expect(outcome.status == 0, "\(outcome.error)")
            let report = try #require(outcome.objects.first ?? nil)
            #expect(report["dtype"] as? String == dtype && (report["accuracy"] as? Double ?? 0) >= 0.9, "\(report)")
            let labelled = try await Program.run(["classify"] + arguments + ["--logits", "--dtype", dtype])
            logits.append(labelled.objects.compactMap { $0?["logits"] as? [Double] })
        }
        #expect(logits[0].count == 40 && logits[1].count == 40 && logits[0] != logits[1])
    }

    @Test(arguments: [["classify"], ["train"]]) func benchmarksEndWithTheirFigures(kind: [String]) async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let file = try scratch.write("rows.tsv", TinyBase.tsv(TinyBase.rows(64)))
        let options =
            kind == ["classify"]
            ? ["--input", file, "--adapters", "3", "--tasks-per-text", "2", "--limit", "50"]
            : ["--train", file, "--limit", "50", "--epochs", "2"]
        let outcome = try await Program.run(["benchmark"] + kind + ["--base", base, "--dtype", "int8"] + options)
        #expect(outcome.status == 0, "\(outcome.error)")
        let figures = try #require(outcome.objects.last ?? nil)
        #expect(figures["name"] as? String == kind.first)
        #expect(figures["dtype"] as? String == "int8" && (figures["kernels"] as? String)?.contains(", int8 ") == true)
        #expect(figures["documents"] as? Int == (kind == ["classify"] ? 50 : 100))
        for key in ["tokens", "seconds", "documents_per_second", "tokens_per_second", "sgemm_fraction"] {
            #expect((figures[key] as? Double ?? 0) > 0, "\(key)")
        }
    }

    @Test func theSwapBenchmarkCountsSwapsAndBatches() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let file = try scratch.write("rows.tsv", TinyBase.tsv(TinyBase.rows(64)))
        let options = ["--adapters", "10", "--swaps", "30", "--workers", "2", "--max-tokens", "32"]
        let outcome = try await Program.run(["benchmark", "swaps", "--base", base, "--input", file] + options)
        #expect(outcome.status == 0, "\(outcome.error)")
        let figures = try #require(outcome.objects.last ?? nil)
        #expect(figures["swaps"] as? Int == 30 && figures["adapters"] as? Int == 10)
        #expect((figures["batches"] as? Int ?? 0) > 20 && (figures["resident_mb_after"] as? Int ?? 0) > 0)
    }

    @Test func theScaleBenchmarkMeasuresRestAndAPromotion() async throws {
        let base = try TinyBase.write(to: try Scratch())
        let options = ["--daemons", "3", "--adapters", "4", "--settle", "0", "--seconds", "2", "--listen"]
        let outcome = try await Program.run(["benchmark", "scale", "--base", base] + options)
        #expect(outcome.status == 0, "\(outcome.error)")
        let figures = try #require(outcome.objects.last ?? nil)
        #expect(figures["daemons"] as? Int == 3 && figures["adapters"] as? Int == 4)
        // One connection per daemon to the store and one to listen, at least.
        #expect((figures["connections"] as? Int ?? 0) >= 6)
        #expect((figures["start_statements"] as? Int ?? 0) > 0)
        #expect((figures["last_seconds_until_live"] as? Double ?? 60) < 60)
    }

    @Test func theDeliveryBenchmarkEndsWithItsFigures() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let file = try scratch.write("rows.tsv", TinyBase.tsv(TinyBase.rows(64)))
        let options = ["--figure", "sink", "--runs", "1", "--backlog", "1000"]
        let outcome = try await Program.run(["benchmark", "delivery", "--base", base, "--input", file] + options)
        #expect(outcome.status == 0, "\(outcome.error)")
        let figures = try #require(outcome.objects.last ?? nil)
        #expect((figures["sink"] as? Double ?? 0) > 0)
    }
}
