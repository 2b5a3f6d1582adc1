import BERT
import TestSupport
import Testing

@testable import Reports
@testable import Training

/// The figures of two precisions, on predictions that the test makes.
struct PrecisionComparisonTests {
    private static let labels = ["a", "b", "c"]

    private static func prediction(_ label: String, _ scores: [Double]? = nil) -> Prediction {
        let scores = scores ?? labels.map { $0 == label ? 0.8 : 0.1 }
        return Prediction(label: label, labels: [label], score: scores.max() ?? 0, scores: scores, logits: [0, 0, 0])
    }

    /// 20 rows of a, 12 of b and 8 of c.
    ///
    /// The second side loses three rows of a and three of b, and gains one of b and two of c.
    private static func comparison() throws -> PrecisionComparison {
        let truth = (0..<40).map { $0 < 20 ? "a" : $0 < 32 ? "b" : "c" }
        let rows = truth.map { LabelledText(text: "x", label: $0) }
        var (first, second) = (truth.map { prediction($0) }, truth.map { prediction($0) })
        for (row, label) in [(31, "c"), (38, "a"), (39, "a")] { first[row] = prediction(label) }
        for (row, label) in [(17, "b"), (18, "b"), (19, "b"), (20, "a"), (21, "a"), (22, "c")] {
            second[row] = prediction(label)
        }
        first[17] = prediction("a", [0.9, 0.04, 0.06])
        second[17] = prediction("b", [0.02, 0.95, 0.03])
        let adapter = try TinyModel.shared.get().adapter(labels: labels)
        let sides = [("float32", first), ("int8", second)].map {
            AdapterComparison.Side(name: $0, adapter: adapter, rows: rows, predictions: $1)
        }
        return PrecisionComparison(
            name: "kind",
            comparison: AdapterComparison(first: sides[0], second: sides[1], rows: rows, resamples: 100, seed: 1),
            seconds: (3, 1.5))
    }

    @Test func changesAndTheirIntervalAreCounted() throws {
        let comparison = try Self.comparison()
        #expect(comparison.labelsChanged == 9 && comparison.changedShare == 9.0 / 40 && comparison.speed == 2)
        let test = comparison.comparison.test
        #expect(test.agreement.onlyFirst == 6 && test.agreement.onlySecond == 3)
        #expect(test.accuracyDifference == -3.0 / 40)
        // Tango's interval of 6 and 3 discordant rows of 40: where the score is 1.96, with the constrained estimate of
        // the losses found by maximizing the likelihood.
        #expect(abs(test.accuracyInterval.lower + 0.234_751) < 1e-6, "\(test.accuracyInterval)")
        #expect(abs(test.accuracyInterval.upper - 0.081_575) < 1e-6, "\(test.accuracyInterval)")
    }

    /// By the share of its rows: a loses more rows than b, but it has more.
    @Test func theWorstLabelIsTheOneWhoseRecallFallsMost() throws {
        let worst = try #require(try Self.comparison().worstLabel)
        #expect(
            worst
                == PairedCells.LabelAgreement(
                    label: "b", rows: 12, foundByFirst: 11, foundBySecond: 9, onlyFirst: 3, onlySecond: 1,
                    givenBySecond: 12))
    }

    @Test func theLargestChangeIsThatOfAnyLabelInAnyRow() throws {
        let change = try #require(try Self.comparison().largestChange)
        #expect(change == PrecisionComparison.ProbabilityChange(row: 17, label: "b", first: 0.04, second: 0.95))
    }

    @Test func withoutAChangeNothingFalls() throws {
        let comparison = try Self.comparison().comparison
        let same = PrecisionComparison(
            name: "kind",
            comparison: AdapterComparison(
                first: comparison.first, second: comparison.first, rows: comparison.rows, resamples: 10, seed: 1),
            seconds: (0, 0))
        #expect(same.worstLabel == nil && same.labelsChanged == 0 && same.speed == nil)
        #expect(same.largestChange.map { $0.second - $0.first } == 0)
    }

    @Test func thePageHasAllOfThem() throws {
        let html = PrecisionPage(
            comparisons: [try Self.comparison()], input: RowsReport.Side(), showsTexts: false, version: "1"
        ).page.html
        HTMLCheck.expectGood(html)
        for figure in ["9 (22.50 %)", "−7.50 (−23.48 to +8.16)", "b: 3 lost, 1 gained of 12", "0.9100", "2.00 ×"] {
            #expect(html.contains("<td class=\"n\">\(figure)</td>"), "\(figure)")
        }
    }
}
