import TestSupport
import Testing
import Training

@testable import Reports

struct ChartTests {
    private func page(_ content: Markup) -> String {
        ReportPage(title: "t", subtitle: "s", sections: [.init(title: "x", content: content)]).html
    }

    @Test func curvesOfAnyPointsAreDrawn() {
        let points: [[(x: Double, y: Double)]] = [
            [], [(1, 0.5)], [(1, 2), (2, 2), (3, 2)], [(0, 0), (1, .nan), (2, .infinity), (3, 1)],
            [(1, -3), (1e6, 4e5)],
            (0..<500).map { (Double($0), 1 / Double($0 + 1)) },
        ]
        for points in points {
            let chart = LineChart(
                title: "a<b", xTitle: "x", yTitle: "y",
                series: [.init(name: "n", points: points, isMarked: true, colour: 0)])
            HTMLCheck.expectGood(page(chart.markup))
            #expect(chart.markup.source.contains("a&lt;b") && !chart.markup.source.contains("nan"))
        }
    }

    @Test func learningCurvesAreAFileOfTheirOwn() {
        let curves = [
            LearningCurveChart.Curve(name: "queue", points: [(10, 0.5), (20, 0.75), (30, 0.8)]),
            .init(name: "a<b & c", points: [(10, 0.5), (20, 0.6), (30, 0.7)]),
        ]
        let chart = LearningCurveChart(
            title: "rows of \"x\"", note: "2 seeds", curves: curves, level: .init(name: "PEFT", accuracy: 0.9))
        HTMLCheck.expectGoodSVG(chart.svg)
        #expect(chart.svg.contains("a&lt;b &amp; c") && chart.svg.contains("rows of &quot;x&quot;"))
        #expect(chart.svg.contains("queue 80.00 % with 30 rows"))
        // One curve each, and the line of PEFT from the first rows to the last.
        #expect(chart.svg.components(separatedBy: "<path class=\"curve s0\"").count == 3, "legend and curve")
        let dashes = chart.svg.split(separator: "\n").filter { $0.contains("dash\"") && $0.contains("L") }
        #expect(dashes.count == 1)
        let heights = dashes.first?.split(whereSeparator: { "ML\"".contains($0) }).compactMap { point in
            point.split(separator: " ").count == 2 ? point.split(separator: " ").last.flatMap { Double($0) } : nil
        }
        #expect(heights?.count == 2 && heights?.first == heights?.last, "\(dashes)")
    }

    @Test func learningCurvesWithoutPointsAreDrawn() {
        for points in [[], [(rows: 10, accuracy: 0.5)], [(rows: 10, accuracy: .nan)]] {
            let chart = LearningCurveChart(
                title: "t", note: "n", curves: [.init(name: "queue", points: points)], level: nil)
            HTMLCheck.expectGoodSVG(chart.svg)
        }
    }

    /// - Parameter counts: `counts[truth][predicted]`
    private func drawing(_ labels: [String], _ counts: [[Int]]) -> ConfusionMatrixChart {
        var (truth, predicted): ([String], [String]) = ([], [])
        for (label, row) in zip(labels, counts) {
            for (other, count) in zip(labels, row) {
                truth += Array(repeating: label, count: count)
                predicted += Array(repeating: other, count: count)
            }
        }
        return ConfusionMatrixChart(evaluation: Evaluation(truth: truth, predicted: predicted, labels: labels))
    }

    @Test func aFewLabelsAreATableAndManyAField() {
        func drawing(_ count: Int) -> String {
            let labels = (0..<count).map { "label <\($0)>" }
            let counts = (0..<count).map { row in (0..<count).map { $0 == row ? 9 : ($0 + row) % 7 == 0 ? 1 : 0 } }
            let markup = self.drawing(labels, counts).markup
            HTMLCheck.expectGood(page(markup))
            return markup.source
        }
        let (two, sixteen, many) = (drawing(2), drawing(16), drawing(151))
        #expect(two.contains("class=\"matrix\"") && !two.contains("Most frequent confusions"))
        #expect(sixteen.contains("class=\"matrix\"") && sixteen.contains("Most frequent confusions"))
        #expect(many.contains("<svg") && !many.contains("class=\"matrix\"") && many.contains("label &lt;150&gt;"))
    }

    @Test func confusionsComeByCountThenByShare() {
        let drawing = drawing(["a", "b", "c"], [[90, 2, 0], [0, 1, 2], [5, 0, 1]])
        let rows = drawing.markup.source.components(separatedBy: "<tbody>").last ?? ""
        let order = [
            "<th scope=\"row\">c</th><td>a</td>", "<th scope=\"row\">b</th><td>c</td>",
            "<th scope=\"row\">a</th><td>b</td>",
        ]
        let places = order.map { rows.range(of: $0)?.lowerBound }
        #expect(!places.contains(nil) && places.compactMap(\.self) == places.compactMap(\.self).sorted())
    }

    @Test func labelsAreShownWeakestFirst() {
        let evaluation = Evaluation(truth: ["a", "a", "b", "b"], predicted: ["a", "a", "b", "a"], labels: ["a", "b"])
        let table = LabelTable(figures: evaluation.perLabel).markup.source
        let (a, b) = (table.range(of: ">a</th>")?.lowerBound, table.range(of: ">b</th>")?.lowerBound)
        #expect(a != nil && b != nil && b ?? table.startIndex < a ?? table.startIndex)
    }

    @Test func settingsHaveTheirDeclaredKeys() {
        var settings = TrainingSettings()
        var section = SettingsSection.settings(settings).content.source
        for parameter in Hyperparameter.all {
            let value = parameter.text(in: settings)
            #expect(section.contains("<dt>\(parameter.key)</dt>") == (value != nil), "\(parameter.key)")
        }
        #expect(section.contains("<dt>lora_plus_ratio</dt><dd>1</dd>"), "\(section)")
        #expect(!section.contains("single layers") && !section.contains("<dt>precision</dt>"), "\(section)")
        settings.seed = .max
        settings.rankPattern = ["query": 4]
        settings.precisions = [0.9, 0.95]
        section = SettingsSection.settings(settings).content.source
        #expect(section.contains("<dt>seed</dt><dd>18446744073709551615</dd>"), "\(section)")
        #expect(section.contains("<dt>rank of single layers</dt><dd>query 4</dd>"), "\(section)")
        #expect(section.contains("<dt>precision</dt><dd>0.9, 0.95</dd>"), "\(section)")
    }

    @Test(arguments: [
        (ClassWeighting.none, "none"), (.balanced, "balanced"),
        (.given(["rare": 2.5, "common": 1]), "common=1.0,rare=2.5"),
    ]) func classWeightsAreShownAsTheyAreAskedFor(weighting: ClassWeighting, shown: String) {
        var settings = TrainingSettings()
        settings.classWeighting = weighting
        let section = SettingsSection.settings(settings).content.source
        #expect(section.contains("<dt>class_weights</dt><dd>\(shown)</dd>"), "\(section)")
    }

    @Test(arguments: [(0.0, "0.00"), (0.01234, "+1.23"), (-0.5, "−50.00"), (-0.000001, "0.00")])
    func differencesAreInPointsWithTheirSign(difference: Double, text: String) {
        #expect(Figure.points(difference) == text)
    }
}
