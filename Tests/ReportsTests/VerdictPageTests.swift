import Foundation
import Retraining
import TestSupport
import Testing
import Training

@testable import Reports

struct VerdictPageTests {
    /// A judgement of forty rows, in which the challenger corrects ten errors of `b`.
    private func report(label: String = "b") throws -> VerdictReport {
        let truth = (0..<40).map { [$0 % 2 == 0 ? "a" : label] }
        let champion = truth.enumerated().map { $0 < 20 ? ["a"] : $1 }
        let sets = [
            HeldOutSet(kind: .hash, truth: truth, champion: champion, challenger: truth),
            HeldOutSet(kind: .newest, truth: [["a"]], champion: [["a"]], challenger: [["a"]]),
        ]
        var summary = RowSummary()
        (summary.read, summary.training, summary.heldOut) = (200, 159, 41)
        let evidence = GateEvidence(
            sets: sets, rows: summary, championLabels: ["a", label], taskLabels: ["a", label], mostFrequentLabel: "a")
        let json = """
            {"rows":{"read":200,"training":159,"held_out":41,"newest":1,"seen":3,"unusable":0,"duplicates":0,\
            "contradictory":0,"unknown_labels":{"<Ah>":4}},"labels":["a"],"pipeline_file":"f00d"}
            """
        var report = try #require(VerdictReport(json: json))
        report.findings = PromotionGate().decision(evidence).findings
        func evaluation(_ predicted: [[String]]) -> Evaluation {
            Evaluation(truth: truth.map { $0[0] }, predicted: predicted.map { $0[0] }, labels: ["a", label])
        }
        (report.champion, report.challenger) = (evaluation(champion), evaluation(truth))
        return report
    }

    private func record(_ report: VerdictReport?) -> RetrainingRecord {
        var record = RetrainingRecord(
            id: 17, task: "section", trigger: .age, startedAt: Date(timeIntervalSince1970: 0), verdict: .held,
            reason: "difference within chance <1>")
        (record.report, record.looks) = (report, 2)
        return record
    }

    @Test func theVerdictIsThereWithBothAdaptersAndTheFindings() throws {
        let page = VerdictPage(record: record(try report()), version: "1").page.html
        HTMLCheck.expectGood(page)
        for text in [
            "Retraining 17 of section: held", "difference within chance &lt;1&gt;", "by hash",
            "newest (too few to count)", "+25.00", "accuracy, champion", "judged", "2 times", "f00d", "age",
            "left out: the champion was trained on them", "of these with the label &quot;&lt;Ah&gt;&quot;",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func labelsAreNoMarkup() throws {
        let page = VerdictPage(record: record(try report(label: "<script>")), version: "1").page.html
        HTMLCheck.expectGood(page)
        #expect(!page.contains("<script>") && page.contains("&lt;script&gt;"))
    }

    @Test func aRecordWithoutAReportIsAPageToo() {
        let page = VerdictPage(record: record(nil), version: "1").page.html
        HTMLCheck.expectGood(page)
        #expect(page.contains("difference within chance") && !page.contains("F1 per label"))
    }

    @Test func thePrecisionIsThereWithItsFigures() throws {
        let json = """
            {"rows":{"read":0,"training":0,"held_out":0,"newest":0,"seen":0,"unusable":0,"duplicates":0,\
            "contradictory":0},"labels":["a"],"precision":{"dtype":"int8",\
            "float32_layers":["layer 5 feed-forward output"],"reason":"int8 costs <too> much",\
            "figures":{"texts":240,"labels_changed":24,"changed_lower_bound":0.06,\
            "verdict":"too_lossy","within_limits":false,"accuracy":{"float32":0.9,"reduced":0.85,\
            "lost_lower_bound":0.02}}}}
            """
        let report = try #require(VerdictReport(json: json))
        #expect(report.precision?.holds == true)
        let page = VerdictPage(record: record(report), version: "1").page.html
        HTMLCheck.expectGood(page)
        for text in ["24 (10.00 %)", "6.00 %", "85.00 %", "+2.00", "layer 5 feed-forward output", "&lt;too&gt;"] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func aShadowIsThereWithItsFigures() throws {
        let json = """
            {"rows":{"read":0,"training":0,"held_out":0,"newest":0,"seen":0,"unusable":0,"duplicates":0,\
            "contradictory":0},"labels":["a"],"shadow":{"terms":{"retraining":16,"champion":"c0ffee","seconds":86400,\
            "changed_labels":0.1,"minimum_texts":200,"awaits_approval":false},"comparison":{"texts":240,"changed":24,\
            "expected":3,"champion_confidence":0.75,"challenger_confidence":0.875}}}
            """
        let report = try #require(VerdictReport(json: json))
        let page = VerdictPage(record: record(report), version: "1").page.html
        HTMLCheck.expectGood(page)
        for text in ["Shadow", "24.0", "24 of 237 (10.13 %)", "88.75 %", "0.7500", "0.8750"] {
            #expect(page.contains(text), "\(text)")
        }
    }
}
