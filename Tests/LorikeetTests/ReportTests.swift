import Foundation
import Serving
import TestSupport
import Testing
import Training

/// Reports as the commands write them.
@Suite(.scratch) struct ReportTests {
    private static let label = #"<b>plus & "more"</b>"#

    private struct Material {
        let scratch: Scratch
        let base: String
        let train: String
        let validation: String

        init() throws {
            scratch = try Scratch()
            base = try TinyBase.write(to: scratch)
            func rows(_ count: Int, _ seed: UInt64) -> String {
                TinyBase.tsv(
                    TinyBase.rows(count, seed: seed).map {
                        ($0.label == "plus" ? ReportTests.label : $0.label, $0.text + " <i>marked</i>")
                    }
                )
            }
            train = try scratch.write("train.tsv", rows(64, 7))
            // Some labels are wrong, so that there are mistakes to show.
            validation = try scratch.write("test.tsv", rows(30, 8) + "minus\tthe day was great <i>marked</i>\n")
        }

        func train(_ output: String, _ extra: [String] = []) async throws -> Program.Outcome {
            try await Program.run(
                [
                    "train", "--base", base, "--train", train, "--validation", validation, "--output",
                    scratch.path(output),
                ]
                    + ["--epochs", "3", "--rate", "1e-2", "--json"] + extra)
        }
    }

    @Test func aTrainingWritesItsReportBesideTheAdapter() async throws {
        let material = try Material()
        #expect(try await material.train("adapter").status == 0)
        let html = try material.scratch.text("adapter/report.html")
        HTMLCheck.expectGood(html)
        for part in [
            "accuracy", "macro-F1", "Confusion", "Loss", "Rows", "Learning rate per step", "lora_plus_ratio",
            "Calibration", "Abstention", "lorikeet 0.",
        ] {
            #expect(html.contains(part), "\(part)")
        }
        #expect(html.contains("&lt;b&gt;plus &amp; &quot;more&quot;&lt;/b&gt;") && !html.contains("<b>plus"))
        #expect(!html.contains("marked") && !html.contains("the day was"), "texts only on request")
    }

    @Test func textsAreShownOnlyOnRequest() async throws {
        let material = try Material()
        #expect(
            try await material.train("adapter", ["--report", material.scratch.path("r.html"), "--report-texts"]).status
                == 0)
        let html = try material.scratch.text("r.html")
        HTMLCheck.expectGood(html)
        #expect(html.contains("the day was great &lt;i&gt;marked&lt;/i&gt;"))
        #expect(!material.scratch.exists("adapter/report.html"))
        #expect(try await material.train("other", ["--no-report"]).status == 0)
        #expect(!material.scratch.exists("other/report.html"))
    }

    @Test func evaluateWritesTheSameForAnyAdapterAndFile() async throws {
        let material = try Material()
        #expect(try await material.train("adapter").status == 0)
        let outcome = try await Program.run(
            [
                "evaluate", "--base", material.base, "--adapter", material.scratch.path("adapter"), "--input",
                material.validation,
            ]
                + ["--report", material.scratch.path("e.html"), "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.objects.count == 1 && outcome.error.contains("report written to"))
        let html = try material.scratch.text("e.html")
        HTMLCheck.expectGood(html)
        #expect(html.contains("Confusion") && html.contains("31 labelled rows") && !html.contains("marked"))
        #expect(html.contains("evaluated rows") && html.contains("input: "), "what was found in the rows")
    }

    @Test func twoAdaptersAreComparedOnTheSameRows() async throws {
        let material = try Material()
        #expect(try await material.train("adapter").status == 0)
        #expect(try await material.train("weak", ["--rate", "1e-6"]).status == 0)
        let arguments =
            ["compare", material.scratch.path("weak"), material.scratch.path("adapter"), "--base", material.base]
            + ["--input", material.validation, "--resamples", "300"]
        let outcome = try await Program.run(
            arguments + ["--json", "--report", material.scratch.path("c.html"), "--report-texts"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = try #require(outcome.objects.first ?? nil)
        #expect(object["rows"] as? Int == 31 && object["resamples"] as? Int == 300)
        let (p, interval) = (
            try #require(object["mcnemar_mid_p"] as? Double), try #require(object["macro_f1_interval"] as? [Double])
        )
        #expect(p >= 0 && p <= 1 && interval[0] <= interval[1])
        let agreement = try #require(object["agreement"] as? [String: Int])
        #expect(agreement.values.reduce(0, +) == 31)
        #expect(
            try await Program.run(arguments + ["--json"]).output == outcome.output, "the same seed, the same figures")
        let html = try material.scratch.text("c.html")
        HTMLCheck.expectGood(html)
        #expect(
            html.contains("Statistical significance") && html.contains("weak") && html.contains("McNemar")
                && html.contains("evaluated rows"))

        let table = try await Program.run(arguments)
        #expect(table.status == 0 && table.output.contains("mid-p = ") && table.output.contains("macro-F1"))
    }

    @Test func twoPrecisionsAreComparedWithTheSameAdapters() async throws {
        let material = try Material()
        #expect(try await material.train("adapter").status == 0)
        #expect(try await material.train("weak", ["--rate", "1e-6"]).status == 0)
        let base = ["compare", "--base", material.base, "--input", material.validation, "--resamples", "300"]
        let arguments = base + ["--dtype", "float32,int8", "--adapter", material.scratch.path("adapter")]
        let outcome = try await Program.run(
            arguments + ["--json", "--report", material.scratch.path("p.html"), "--report-texts"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = try #require(outcome.objects.first ?? nil)
        #expect(object["dtypes"] as? [String] == ["float32", "int8"])
        let adapters = try #require(object["adapters"] as? [[String: Any]])
        let one = try #require(adapters.first)
        #expect(adapters.count == 1 && one["rows"] as? Int == 31 && (one["adapter"] as? String)?.isEmpty == false)
        #expect((one["first"] as? [String: Any])?["name"] as? String == "float32")
        let (changed, share) = (one["labels_changed"] as? Int, one["labels_changed_share"] as? Double)
        #expect(try #require(share) == Double(try #require(changed)) / 31)
        let agreement = try #require(one["agreement"] as? [String: Int])
        #expect(agreement.values.reduce(0, +) == 31)
        let change = try #require(one["largest_change"] as? [String: Any])
        let (first, second) = (change["first"] as? Double, change["second"] as? Double)
        #expect(try #require(first) != (try #require(second)), "int8 changes some probability")
        #expect((one["seconds"] as? [Double])?.count == 2 && one["speed"] as? Double != nil)
        let (lost, won) = (try #require(agreement["only_first"]), try #require(agreement["only_second"]))
        let accuracies = PairedProportions(rows: 31, onlyFirst: lost, onlySecond: won)
        #expect(
            one["accuracy_interval"] as? [Double]
                == [accuracies.lowerBound(level: 0.025), accuracies.upperBound(level: 0.025)])
        #expect((1...31).contains(try #require(change["row"] as? Int)))
        let html = try material.scratch.text("p.html")
        HTMLCheck.expectGood(html)
        #expect(html.contains("What changes") && html.contains("Statistical significance"))

        let several = try await Program.run(arguments + ["--adapter", material.scratch.path("weak")])
        #expect(several.status == 0, "\(several.error)")
        #expect(several.output.contains("mean of 2 adapters: ") && several.output.contains("labels changed: "))
        #expect(several.output.contains("worst label: ") && several.output.contains("speed: int8 "))

        let equal = try await Program.run(
            base + [material.scratch.path("adapter"), material.scratch.path("adapter"), "--dtype", "int8", "--json"])
        let both = try #require(equal.objects.first ?? nil)
        let side = try #require(both["first"] as? [String: Any])
        #expect(side["accuracy"] as? Double == (one["second"] as? [String: Any])?["accuracy"] as? Double)
    }

    @Test func anUnwritableReportPathIsRefusedBeforeTheWork() async throws {
        let material = try Material()
        for place in ["no/such/folder/r.html", "base"] {
            let outcome = try await material.train("adapter", ["--report", material.scratch.path(place)])
            #expect(outcome.status == 1 && outcome.error.contains(place), "\(outcome.error)")
            #expect(!material.scratch.exists("adapter"))
        }
    }

    @Test(arguments: [
        ["evaluate", "--base", "b", "--adapter", "a", "--report-texts"],
        ["compare", "a", "--base", "b"], ["compare", "a", "b", "--base", "b", "--dtype", "float32,int8"],
        ["compare", "--base", "b", "--dtype", "float32,int8"], ["compare", "a", "b", "--base", "b", "--adapter", "c"],
        ["compare", "--base", "b", "--dtype", "int8,int8", "--adapter", "a"],
        ["compare", "--base", "b", "--dtype", "float32,int9", "--adapter", "a"],
        ["compare", "a", "b", "--base", "b", "--resamples", "0"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--no-report", "--report", "r.html"],
    ]) func contradictingOptionsAreWrongUsage(arguments: [String]) async throws {
        #expect(try await Program.run(arguments).status == 64)
    }
}
