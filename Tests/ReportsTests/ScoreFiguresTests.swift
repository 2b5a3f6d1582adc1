import BERT
import Kernels
import TestSupport
import Testing

@testable import Reports
@testable import Training

struct ScoreFiguresTests {
    /// Four rows whose logits have the same distance; `right` of them have the first label.
    private static func figures(right: Int, rows count: Int, logit: Float) throws -> ScoreFigures {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        let rows = (0..<count).map { LabelledText(text: "x", label: $0 < right ? "a" : "b") }
        let score = Double(softmax([logit, 0], temperature: 1)[0])
        let predictions = rows.map { _ in prediction([logit, 0], score: score) }
        return try #require(ScoreFigures(rows: rows, predictions: predictions, adapter: adapter))
    }

    private static func prediction(_ logits: [Float], score: Double) -> Prediction {
        let label = logits[0] >= logits[1] ? "a" : "b"
        return Prediction(label: label, labels: [label], score: score, scores: [score, 1 - score], logits: logits)
    }

    @Test func theErrorIsTheDistanceOfScoreAndTruth() throws {
        // softmax([1.0986, 0]) = [0.75, 0.25]: honest if three of four are right.
        #expect(try Self.figures(right: 3, rows: 4, logit: 1.098_612_3).raw.error < 1e-6)
        let sure = try Self.figures(right: 1, rows: 4, logit: 1.098_612_3)
        #expect(abs(sure.raw.error - 0.5) < 1e-6)
        #expect(abs(sure.raw.loss - (0.287_682 + 3 * 1.386_294) / 4) < 1e-5)
        #expect(sure.fitted == nil && sure.raw.bins.count == 15 && sure.raw.bins.reduce(0) { $0 + $1.count } == 4)
    }

    @Test func coverageFallsAndRowsOfOneScoreGoTogether() throws {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        // Twenty sure and right, ten unsure of which half are right.
        let rows = (0..<30).map { LabelledText(text: "x", label: $0 < 25 ? "a" : "b") }
        let predictions = (0..<30).map { Self.prediction([$0 < 20 ? 3 : 0.1, 0], score: $0 < 20 ? 0.95 : 0.52) }
        let figures = try #require(ScoreFigures(rows: rows, predictions: predictions, adapter: adapter))
        let points = figures.coverage.curve.points
        #expect(points.map(\.threshold) == [0.52, 0.95])
        #expect(points.map(\.coverage) == [1, 20.0 / 30])
        #expect(points.map(\.precision) == [25.0 / 30, 1])
        #expect(
            figures.coverage.point(precision: 0.8)?.threshold == 0.52
                && figures.coverage.point(precision: 0.99)?.threshold == 0.95)
        let sections = ScoreSections(figures: figures, precisions: [0.777]).sections
        let page = ReportPage(title: "t", subtitle: "", sections: sections).html
        HTMLCheck.expectGood(page)
        #expect(page.contains("77.70 %"))
    }

    @Test func noRowsHaveNoFigures() throws {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        #expect(ScoreFigures(rows: [], predictions: [], adapter: adapter) == nil)
    }
}
