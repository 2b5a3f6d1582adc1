/// Calibration of the scores, and what abstaining below a threshold gives.
struct ScoreSections {
    let figures: ScoreFigures
    /// Precisions that were requested, shown beside the usual ones.
    var precisions: [Double] = []

    var tile: ReportPage.Tile {
        let name = "calibration error"
        guard let fitted = figures.fitted else {
            return ReportPage.Tile(name: name, value: Figure.percent(figures.raw.error), note: "no temperature fitted")
        }
        return ReportPage.Tile(
            name: name, value: Figure.percent(fitted.error),
            note: "\(Figure.percent(figures.raw.error)) before temperature scaling")
    }

    var sections: [ReportPage.Section] { [calibration, abstention] }

    private var calibration: ReportPage.Section {
        func diagram(_ title: String, _ reliability: ScoreFigures.Reliability, colour: Int) -> Markup {
            let error = "expected calibration error \(Figure.percent(reliability.error))"
            let loss = "negative log-likelihood \(Figure.decimal(reliability.loss, 4))"
            return ReliabilityDiagram(
                title: title, bins: reliability.bins, caption: "\(error), \(loss)", colour: colour
            ).markup
        }
        let isFitted = figures.fitted != nil
        let before = diagram(
            isFitted ? "Before temperature scaling" : "Without temperature", figures.raw, colour: 1)
        let after = figures.fitted.map {
            diagram("After temperature scaling (T = \(Figure.decimal(figures.temperature, 3)))", $0, colour: 0)
        }
        return ReportPage.Section(
            title: "Calibration",
            note: """
                Reliability diagram of \(figures.rows) rows: the share of predictions that are correct, by score. \
                Where a bar ends on the dashed line, the scores are calibrated; below it they are overconfident, above \
                it underconfident. A darker bar holds more predictions.
                """,
            content: "<div class=\"pair\">\n\(before)\(after ?? .none)</div>")
    }

    private var abstention: ReportPage.Section {
        // The highest scores of a few rows say little about precision.
        let points = figures.coverage.curve.points.filter { $0.coverage >= 0.02 }
            .map { (x: $0.coverage, y: $0.precision) }
            .sorted { $0.x < $1.x }
        let isPerfect = points.allSatisfy { $0.y > 0.9999 }
        let chart = LineChart(
            title: "Precision by coverage", xTitle: "coverage: share of rows that get a label",
            yTitle: "share of these labels that are correct",
            series: [LineChart.Series(name: "precision", points: points, colour: 0)], xRange: 0...1,
            yRange: isPerfect ? 0.9...1 : nil, isPercent: true, xIsPercent: true)
        return ReportPage.Section(
            title: "Abstention",
            note: "Rows below the abstention threshold get no label. A higher threshold trades coverage for precision.",
            content: "<div class=\"pair\">\n\(chart.markup)<div>\(thresholds)</div></div>")
    }

    private var thresholds: Markup {
        let shown = Set([0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 1] + precisions).sorted()
        let rows = shown.compactMap { precision -> Markup? in
            let point = figures.coverage.point(precision: precision)
            guard point != nil || precisions.contains(precision) else { return nil }
            let threshold = point.map { Figure.decimal($0.threshold, 4) } ?? "out of reach"
            let coverage = point.map { Figure.percent($0.coverage) } ?? "–"
            return """
                <tr><th scope="row">\(Figure.percent(precision))</th><td class="n">\(threshold)</td>\
                <td class="n">\(coverage)</td></tr>

                """
        }
        return """
            <table><thead><tr><th>precision of at least</th><th class="n">abstention threshold</th>\
            <th class="n">coverage</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table>

            """
    }
}
