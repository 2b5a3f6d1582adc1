import Foundation
import Testing

@Suite(.scratch) struct TrainTests {
    /// A base, 64 training rows and 16 validation rows.
    private static func material() throws -> (scratch: Scratch, base: String, train: String, validation: String) {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let train = try scratch.write("train.tsv", TinyBase.tsv(TinyBase.rows(64)))
        return (scratch, base, train, try scratch.write("test.tsv", TinyBase.tsv(TinyBase.rows(16, seed: 8))))
    }

    @Test func everyEpochIsAnObjectAndTheFolderIsAnAdapter() async throws {
        let (scratch, base, train, validation) = try Self.material()
        let outcome = try await Program.run(
            [
                "train", "--base", base, "--train", train, "--validation", validation, "--output",
                scratch.path("deep/adapter"),
            ]
                + ["--epochs", "2", "--rate", "1e-2", "--task", "mood", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let epochs = outcome.objects
        #expect(epochs.map { $0?["epoch"] as? Int } == [1, 2])
        let notes = try outcome.error.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(notes.first?["dtype"] as? String == "float32")
        #expect(notes.first?["rows"] is [String: Any] && notes.last?["calibration"] != nil)
        let recipe = try #require(notes[1]["recipe"] as? [String: Any])
        let choices = try #require(recipe["choices"] as? [[String: Any]])
        #expect(recipe["recipe"] as? String == "auto")
        #expect(choices.first { $0["key"] as? String == "epochs" }?["reason"] as? String == "given")
        #expect(choices.first { $0["key"] as? String == "batch" }?["value"] as? String == "8")
        for object in epochs {
            for key in ["loss", "seconds", "documents_per_second", "accuracy", "macro_f1"] {
                #expect(object?[key] is Double, "\(key)")
            }
        }
        #expect(
            scratch.content("deep/adapter") == [
                "adapter_config.json", "adapter_model.safetensors", "lorikeet.json", "report.html",
                "training_rows.json",
            ])
        #expect(scratch.content("deep") == ["adapter"])
    }

    @Test func peopleGetATable() async throws {
        let (scratch, base, train, validation) = try Self.material()
        let outcome = try await Program.run(
            [
                "train", "--base", base, "--train", train, "--validation", validation, "--output",
                scratch.path("adapter"),
            ]
                + ["--epochs", "1"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.contains("epoch 1"))
        #expect(outcome.output.contains("precision"))
        #expect(outcome.error.contains("rows with 2 labels, 16 validation rows"))
        #expect(outcome.error.contains("with a text that occurred before, left out"))
        #expect(!outcome.error.contains("\u{1B}"), "no bar where no terminal is")
    }

    @Test func aRecipeIsPrintedAndAFixedOneChoosesNothing() async throws {
        let (scratch, base, train, validation) = try Self.material()
        let common = ["train", "--base", base, "--train", train, "--validation", validation, "--overwrite"]
        let auto = try await Program.run(common + ["--output", scratch.path("auto"), "--rate", "1e-2"])
        #expect(auto.status == 0, "\(auto.error)")
        #expect(auto.error.contains("recipe auto: ") && auto.error.contains(" rows, 2 labels, "), "\(auto.error)")
        #expect(
            auto.error.contains("  rate 0.01: given") && auto.error.contains("  batch 8: few rows"), "\(auto.error)")
        let page = try scratch.text("auto/report.html")
        #expect(page.contains("<h2>Recipe</h2>") && page.contains("few rows"))
        let fixed = try await Program.run(
            common + ["--output", scratch.path("fixed"), "--recipe", "fixed", "--rate", "1e-2"])
        #expect(fixed.status == 0, "\(fixed.error)")
        #expect(
            !fixed.error.contains("recipe") && fixed.output.contains("epoch 3") && !fixed.output.contains("epoch 4"))
    }

    @Test func aTrainingThatIsLostIsSaidInWords() async throws {
        let (scratch, base, train, validation) = try Self.material()
        let outcome = try await Program.run(
            ["train", "--base", base, "--train", train, "--validation", validation, "--recipe", "fixed"]
                + ["--output", scratch.path("adapter"), "--epochs", "20", "--rate", "100"])
        #expect(outcome.error.contains("the training collapsed") || outcome.error.contains("the training diverged"))
        let page = try scratch.text("adapter/report.html")
        #expect(page.contains("The training collapsed") || page.contains("The training diverged"))
    }

    @Test func validationRowsAreOptional() async throws {
        let (scratch, base, train, _) = try Self.material()
        let outcome = try await Program.run(
            ["train", "--base", base, "--train", train, "--output", scratch.path("adapter"), "--epochs", "1"]
                + ["--layers", "1", "--hold-out", "0", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.objects.count == 1)
        #expect(outcome.objects.last??["accuracy"] is NSNull)
    }

    @Test func anExistingOutputIsKeptUnlessOverwritten() async throws {
        let (scratch, base, train, _) = try Self.material()
        let arguments =
            ["train", "--base", base, "--train", train, "--output", scratch.path("adapter"), "--epochs", "1"]
        #expect(try await Program.run(arguments).status == 0)
        let again = try await Program.run(arguments)
        #expect(again.status == 1)
        #expect(again.error.contains("adapter: already exists"))
        #expect(try await Program.run(arguments + ["--overwrite", "--seed", "1"]).status == 0)

        try scratch.write("adapter/thesis.txt", "years of work")
        let foreign = try await Program.run(arguments + ["--overwrite"])
        #expect(foreign.status == 1)
        #expect(foreign.error.contains("thesis.txt"))
        #expect(scratch.exists("adapter/thesis.txt"))
    }

    @Test(arguments: [
        ("train.tsv", "plus\tgood\nno tab here\n", "train.tsv:2: "), ("train.tsv", "", "train.tsv: "),
        ("train.tsv", "plus\tgood\nplus\tfine\n", "train.tsv"),
        ("train.jsonl", "{\"text\":\"x\",\"label\":\"y\"}\n{\"text\":1}\n", "train.jsonl:2: "),
        ("train.jsonl", "{\n", "train.jsonl:1: "),
    ]) func badRowsAreNamedAndNothingIsWritten(name: String, content: String, complaint: String) async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let train = try scratch.write(name, content)
        let outcome = try await Program.run(
            ["train", "--base", base, "--train", train, "--output", scratch.path("adapter"), "--max-tokens", "32"])
        #expect(outcome.status == 1)
        #expect(outcome.error.contains(complaint), "\(outcome.error)")
        #expect(outcome.error.contains("error: "))
        #expect(!scratch.exists("adapter"))
    }

    @Test(arguments: [
        (["--train", "/nowhere.tsv"], 1, "/nowhere.tsv"), (["--layers", "0-5"], 64, "there is no layer 2"),
        (["--max-tokens", "65"], 64, "at most 64"), (["--targets", "query,wheel"], 1, "wheel"),
        (["--from", "/nowhere"], 1, "/nowhere"),
    ]) func whatTheBaseOrTheDiskDoesNotHaveIsNamed(extra: [String], status: Int, complaint: String) async throws {
        let (scratch, base, train, _) = try Self.material()
        let rows = extra.contains("--train") ? [] : ["--train", train]
        let outcome = try await Program.run(
            ["train", "--base", base, "--output", scratch.path("adapter")] + rows + extra)
        #expect(Int(outcome.status) == status, "\(outcome.error)")
        #expect(outcome.error.contains(complaint), "\(outcome.error)")
        #expect(!scratch.exists("adapter"))
    }

    @Test func everySettingIsAnOption() async throws {
        let (scratch, base, train, _) = try Self.material()
        let outcome = try await Program.run(
            [
                "train", "--base", base, "--train", train, "--output", scratch.path("adapter"), "--steps", "3",
                "--batch", "8",
            ]
                + [
                    "--accumulation", "2", "--rank", "4", "--alpha", "8", "--rslora", "--bias", "lora_only",
                    "--initialization", "gaussian",
                ]
                + [
                    "--lora-plus-ratio", "4", "--schedule", "cosine", "--clip", "0.5", "--targets", "all-linear",
                    "--json",
                ])
        #expect(outcome.status == 0, "\(outcome.error)")
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.path("adapter/adapter_config.json")))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["r"] as? Int == 4 && json["lora_alpha"] as? Int == 8 && json["use_rslora"] as? Bool == true)
        #expect(json["bias"] as? String == "lora_only" && json["init_lora_weights"] as? String == "gaussian")
        #expect((json["target_modules"] as? [String])?.count == 13)
    }

    @Test func aSearchPrintsTheBestSettingsAndTrainsThem() async throws {
        let (scratch, base, train, validation) = try Self.material()
        let common = ["train", "--base", base, "--train", train, "--epochs", "2", "--json"]
        let arguments = common + ["--validation", validation]
        let outcome = try await Program.run(arguments + ["--output", scratch.path("adapter"), "--search", "4"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let found = try #require(outcome.objects.compactMap(\.self).first { $0["search"] != nil })
        #expect((found["search"] as? [[String: Any]])?.count == 4 && found["cut_short"] as? Bool == false)
        #expect(outcome.objects.compactMap { $0?["epoch"] as? Int }.last == 2)

        // The settings that it names give the same adapter.
        let options = try #require(found["options"] as? String).split(separator: " ").map(String.init)
        #expect(try await Program.run(arguments + ["--output", scratch.path("same")] + options).status == 0)
        #expect(
            try scratch.text("adapter/lorikeet.json") == scratch.text("same/lorikeet.json")
                && scratch.weights("adapter") == scratch.weights("same")
        )
        let short = try await Program.run(
            arguments + ["--output", scratch.path("short"), "--search", "4", "--search-minutes", "0.000001"])
        #expect(short.status == 0 && short.objects.contains { $0?["cut_short"] as? Bool == true })
    }

    /// A folder as PEFT writes it: without names of labels.
    @Test func labelsOfAnAdapterFromPEFTAreNamed() async throws {
        let (scratch, base, train, _) = try Self.material()
        let common = ["train", "--base", base, "--epochs", "1", "--train", train]
        #expect(try await Program.run(common + ["--output", scratch.path("first")]).status == 0)
        try FileManager.default.removeItem(atPath: scratch.path("first/lorikeet.json"))
        let start = common + ["--output", scratch.path("second"), "--from", scratch.path("first")]
        let without = try await Program.run(start)
        #expect(without.status == 1 && without.error.contains("give them with --from-labels"), "\(without.error)")
        let few = try await Program.run(start + ["--from-labels", "minus"])
        let words = "the head has 2 rows, but --from-labels has 1 label"
        #expect(few.status == 1 && few.error.contains(words), "\(few.error)")
        let named = try await Program.run(start + ["--from-labels", "minus", "plus", "--json"])
        #expect(named.status == 0, "\(named.error)")
        #expect(try scratch.text("second/lorikeet.json").replacing(" ", with: "").contains("\"minus\",\n\"plus\""))
        let again = try await Program.run(
            common + ["--output", scratch.path("third"), "--from", scratch.path("second"), "--from-labels", "a", "b"])
        #expect(again.status == 1 && again.error.contains("the folder names its labels"), "\(again.error)")
        #expect(
            try await Program.run(common + ["--output", scratch.path("third"), "--from-labels", "a", "b"]).status == 64)
        #expect(!scratch.exists("third"))
    }

    @Test func aWarmStartKeepsTheShapeAndRefusesAnother() async throws {
        let (scratch, base, train, _) = try Self.material()
        let common = ["train", "--base", base, "--epochs", "1", "--json"]
        let first = try await Program.run(
            common + ["--train", train, "--output", scratch.path("first"), "--rank", "3", "--rslora"])
        #expect(first.status == 0, "\(first.error)")
        let start = ["--from", scratch.path("first")]
        let grown = try scratch.write(
            "grown.tsv", TinyBase.tsv(TinyBase.rows(32) + [("odd", "the day was the day"), ("odd", "the film")]))
        let second = try await Program.run(common + start + ["--train", grown, "--output", scratch.path("second")])
        #expect(second.status == 0, "\(second.error)")
        #expect(try scratch.text("second/adapter_config.json").contains("\"r\" : 3"))
        #expect(
            try scratch.text("second/lorikeet.json").replacing(" ", with: "").contains("\"minus\",\n\"plus\",\n\"odd\"")
        )

        let other = try await Program.run(
            common + start + ["--train", train, "--output", scratch.path("third"), "--rank", "4"])
        #expect(other.status == 1 && other.error.contains("does not fit"))
        let gone = try await Program.run(
            common + ["--from", scratch.path("second"), "--train", train, "--output", scratch.path("third")])
        #expect(gone.status == 1 && gone.error.contains("\"odd\""), "\(gone.error)")
        let otherBase = try TinyBase.write(to: scratch, name: "other", seed: 2)
        let foreign = try await Program.run(
            ["train", "--base", otherBase, "--train", train, "--output", scratch.path("third")] + start)
        #expect(foreign.status == 1 && foreign.error.contains("this base is"))
        #expect(!scratch.exists("third"))
    }

    @Test func anInterruptedTrainingLeavesOnlyItsCheckpoint() async throws {
        let (scratch, base, train, _) = try Self.material()
        let process = try Program.make(
            ["train", "--base", base, "--train", train, "--output", scratch.path("adapter"), "--epochs", "100000"]
                + ["--json"])
        let output = Program.pipe()
        process.standardOutput = output
        process.standardError = try scratch.newFile("stderr")
        var lines = Program.pieces(of: output).makeAsyncIterator()
        let running = try Program.start(process)
        // The first epoch's line: the training runs.
        #expect(await lines.next() != nil)
        process.interrupt()
        while await lines.next() != nil {}
        #expect(await running.status == 1)
        #expect(try scratch.text("stderr").contains("interrupted"))
        #expect(scratch.content() == ["adapter.checkpoint", "base", "stderr", "test.tsv", "train.tsv"])
    }
}
