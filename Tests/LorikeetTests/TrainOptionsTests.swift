import Foundation
import TestSupport
import Testing
import Training

@testable import Serving

/// Options of `train` about weights, epochs and output, through the real program.
@Suite(.scratch) struct TrainOptionsTests {
    private struct Material {
        let scratch: Scratch
        let base: String
        let train: String
        let validation: String

        /// A fifth of the validation rows has the wrong label: no epoch is perfect, and overconfidence costs loss.
        init() throws {
            scratch = try Scratch()
            base = try TinyBase.write(to: scratch)
            train = try scratch.write("train.tsv", TinyBase.tsv(TinyBase.rows(64)))
            let rows = TinyBase.rows(40, seed: 8).enumerated().map { place, row in
                place % 5 == 0 ? (row.label == "plus" ? "minus" : "plus", row.text) : row
            }
            validation = try scratch.write("test.tsv", TinyBase.tsv(rows))
        }

        func run(_ output: String, _ extra: [String]) async throws -> Program.Outcome {
            try await Program.run(
                [
                    "train", "--base", base, "--train", train, "--validation", validation, "--output",
                    scratch.path(output),
                ]
                    + ["--rate", "2e-2", "--no-report", "--json"] + extra)
        }
    }

    private static func keptEpoch(_ outcome: Program.Outcome) throws -> Int {
        try #require(outcome.notes.lazy.compactMap { $0["kept_epoch"] as? Int }.first)
    }

    // MARK: - What is kept

    @Test(arguments: EpochSelection.allCases) func theBestEpochIsThatOfTheRequestedMetric(keeping: EpochSelection)
        async throws
    {
        let material = try Material()
        let outcome = try await material.run("adapter", ["--epochs", "8", "--keep", keeping.rawValue])
        #expect(outcome.status == 0, "\(outcome.error)")
        let epochs = try outcome.objects.map { try #require($0) }
        func figure(_ key: String, of epoch: Int) throws -> Double { try #require(epochs[epoch - 1][key] as? Double) }
        let kept = try Self.keptEpoch(outcome)
        let all = 1...epochs.count
        switch keeping {
        case .last: #expect(kept == epochs.count)
        case .loss:
            #expect(try figure("validation_loss", of: kept) == all.map { try figure("validation_loss", of: $0) }.min())
        case .accuracy: #expect(try figure("accuracy", of: kept) == all.map { try figure("accuracy", of: $0) }.max())
        case .macroF1: #expect(try figure("macro_f1", of: kept) == all.map { try figure("macro_f1", of: $0) }.max())
        }
    }

    @Test func patienceEndsATrainingThatDoesNotImprove() async throws {
        let material = try Material()
        let outcome = try await material.run(
            "adapter", ["--epochs", "60", "--keep", "loss", "--patience", "2", "--schedule", "constant"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let last = try #require(outcome.objects.last??["epoch"] as? Int)
        #expect(last < 60)
        #expect(try Self.keptEpoch(outcome) == last - 2)
    }

    @Test func aRequestedPrecisionIsStoredAndPrinted() async throws {
        let material = try Material()
        let report = material.scratch.path("r.html")
        let outcome = try await Program.run(
            ["train", "--base", material.base, "--train", material.train, "--validation", material.validation]
                + [
                    "--output", material.scratch.path("adapter"), "--epochs", "40", "--rate", "2e-2", "--precision",
                    "0.777",
                ]
                + ["--report", report, "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let points = try #require(outcome.notes.lazy.compactMap { $0["abstention"] as? [[String: Any]] }.first)
        #expect(points.count == 1 && points[0]["wanted"] as? Double == 0.777)
        #expect(try #require(points[0]["precision"] as? Double) >= 0.777)
        let manifest = try material.scratch.text("adapter/lorikeet.json")
        let threshold = try #require(points[0]["threshold"] as? Double)
        #expect(manifest.contains("abstention") && manifest.contains(String(threshold)), "\(manifest)")
        #expect(try material.scratch.text("r.html").contains("77.70 %"))
    }

    // MARK: - The loss

    @Test func classWeightsAreReadAsTheyAreWritten() {
        #expect(ClassWeighting(argument: "none") == ClassWeighting.none)
        #expect(ClassWeighting(argument: "balanced") == .balanced)
        #expect(ClassWeighting(argument: "a=2,b=c=0.5") == .given(["a": 2, "b=c": 0.5]))
        for wrong in ["", "a", "a=", "a=0", "a=-1", "a=nan", "a=inf", "a=1,b"] {
            #expect(ClassWeighting(argument: wrong) == nil, "\(wrong)")
        }
    }

    @Test func classWeightsCountByTheirRatios() async throws {
        let material = try Material()
        #expect(try await material.run("none", ["--epochs", "2"]).status == 0)
        #expect(try await material.run("same", ["--epochs", "2", "--class-weights", "plus=2,minus=2"]).status == 0)
        #expect(try await material.run("other", ["--epochs", "2", "--class-weights", "plus=2"]).status == 0)
        // A power of two goes through all sums exactly.
        #expect(
            try material.scratch.weights("none") == material.scratch.weights("same")
                && material.scratch.weights("none") != material.scratch.weights("other"))
        let unknown = try await material.run("bad", ["--class-weights", "neutral=2"])
        #expect(unknown.status == 1 && unknown.error.contains("there is no label \"neutral\""), "\(unknown.error)")
        #expect(try await material.run("bad", ["--class-weights", "plus"]).status == 64)
    }

    @Test func labelSmoothingKeepsTheLossUp() async throws {
        let material = try Material()
        func loss(_ output: String, _ extra: [String]) async throws -> Double {
            let outcome = try await material.run(output, ["--epochs", "40"] + extra)
            return try #require(outcome.objects.last??["loss"] as? Double)
        }
        // The least that a smoothed target of two labels allows: its entropy, here of 0.8 and 0.2.
        #expect(try await loss("sharp", []) < 0.3)
        #expect(try await loss("smooth", ["--label-smoothing", "0.4"]) > 0.5)
    }

    // MARK: - Rows

    @Test(arguments: [("newest", 2, 9, 8), ("majority", 1, 8, 9), ("drop", 3, 8, 8)])
    func theRuleForConflictsIsAnOption(rule: String, leftOut: Int, minus: Int, plus: Int) async throws {
        let material = try Material()
        let rows = (0..<8).map { "plus\tgood \($0)\nminus\tbad \($0)\n" }.joined()
        let train = try material.scratch.write(
            "conflicts.tsv", rows + "plus\tthe day\nplus\tThe  day\nminus\tthe day\n")
        let outcome = try await Program.run(
            [
                "train", "--base", material.base, "--train", train, "--hold-out", "0", "--output",
                material.scratch.path("adapter"),
            ]
                + ["--epochs", "1", "--conflicts", rule, "--no-report", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
        let training = try #require(report["training"] as? [String: Any])
        #expect(report["conflict_rule"] as? String == rule && training["conflicts"] as? Int == 1)
        #expect(training["labels"] as? [String: Int] == ["minus": minus, "plus": plus])
        #expect(training["conflicting_rows"] as? Int == leftOut)
    }

    @Test func setsOfLabelsBadRowsAndTheirReport() async throws {
        let material = try Material()
        let rows = TinyBase.rows(80).map { row in
            ([row.label] + (row.text.contains("day") ? ["day"] : [])).joined(separator: "; ") + "\t" + row.text + "\n"
        }
        let train = try material.scratch.write("sets.tsv", rows[..<60].joined() + "no tab\n")
        let validation = try material.scratch.write("sets-test.tsv", rows[60...].joined())
        let arguments = [
            "train", "--base", material.base, "--train", train, "--validation", validation, "--multi-label",
        ]
        let common = [
            "--output", material.scratch.path("adapter"), "--epochs", "5", "--rate", "1e-2", "--label-separator", ";",
            "--json",
        ]
        let strict = try await Program.run(arguments + common)
        #expect(
            strict.status == 1 && strict.error.contains("sets.tsv:61: no tab between label and text"), "\(strict.error)"
        )
        let outcome = try await Program.run(arguments + common + ["--skip-bad-rows"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
        let training = try #require(report["training"] as? [String: Any])
        #expect(
            training["bad_rows"] as? Int == 1
                && Set((training["labels"] as? [String: Int] ?? [:]).keys) == ["plus", "minus", "day"])
        let html = try material.scratch.text("adapter/report.html")
        HTMLCheck.expectGood(html)
        for part in ["micro-F1", "exact match", "threshold", "Loss per epoch", "validation loss"] {
            #expect(html.contains(part), "\(part)")
        }
        #expect(!html.contains("Confusion"))
    }

    @Test func asManyLabelsAsATaskMayHaveAreTrained() async throws {
        let material = try Material()
        let rows = (0..<PreparedRows.maximumLabels).map { "label \($0)\tthe \(TinyBase.words[$0 % 14]) \($0)\n" }
        let train = try material.scratch.write("many.tsv", rows.joined())
        let validation = try material.scratch.write("few.tsv", rows[..<5].joined())
        let about = [
            "--base", material.base, "--train", train, "--validation", validation, "--output",
            material.scratch.path("adapter"),
        ]
        let outcome = try await Program.run(["train"] + about + ["--epochs", "1", "--batch", "500", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
        #expect((report["labels_with_one_row"] as? [String])?.count == 10_000)
        let used = try await Program.run(
            ["classify", "--base", material.base, "--adapter", material.scratch.path("adapter")],
            input: Data("good\n".utf8))
        #expect(used.status == 0 && (used.objects.first??["scores"] as? [String: Double])?.count == 10_000)
        try material.scratch.write("many.tsv", rows.joined() + "one more\ttext\n")
        let tooMany = try await Program.run(["train"] + about + ["--overwrite"])
        #expect(
            tooMany.status == 1 && tooMany.error.contains("10001 labels exceed the limit of 10000"), "\(tooMany.error)")
    }

    // MARK: - Progress

    @Test func aSearchPrintsALinePerTrial() async throws {
        let material = try Material()
        let outcome = try await material.run(
            "adapter", ["--epochs", "2", "--search", "3", "--progress", "lines", "--keep", "loss"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.error.contains("trial 1/3  halving 1/2  settings no. 1  macro-F1 "), "\(outcome.error)")
        #expect(outcome.error.contains("trial 2/2  halving 2/2"))
        let found = try #require(outcome.objects.compactMap(\.self).first { $0["search"] != nil })
        let trials = try #require(found["search"] as? [[String: Any]])
        // Of those that came farthest the one of the lowest loss is first.
        let losses = try trials.filter { $0["halvings"] as? Int == 2 }.map { try #require($0["loss"] as? Double) }
        #expect(losses.count == 2 && losses[0] <= losses[1])
    }
}
