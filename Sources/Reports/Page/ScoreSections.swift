/// How far scores can be believed, and what abstaining below a threshold gives.
struct ScoreSections {
    let figures: ScoreFigures
    /// Precisions that were asked for, shown beside the usual ones.
    var wanted: [Double] = []

    var tile: ReportPage.Tile {
        guard let fitted = figures.fitted else {
            return ReportPage.Tile(
                name: "calibration error", value: Figure.percent(figures.raw.error),
                note: "no temperature fitted")
        }
        return ReportPage.Tile(
            name: "calibration error", value: Figure.percent(fitted.error),
            note: "\(Figure.percent(figures.raw.error)) before the temperature")
    }

    var sections: [ReportPage.Section] { [reliability, abstention] }

    private var reliability: ReportPage.Section {
        func diagram(_ title: String, _ reliability: ScoreFigures.Reliability, colour: Int) -> Markup {
            ReliabilityDiagram(
                title: title, bins: reliability.bins,
                caption:
                    "expected calibration error \(Figure.percent(reliability.error)), log loss \(Figure.decimal(reliability.loss, 4))",
                colour: colour
            ).markup
        }
        let before = diagram(figures.fitted == nil ? "Scores as they are" : "Before", figures.raw, colour: 1)
        let after =
            figures.fitted.map {
                diagram("After, temperature \(Figure.decimal(figures.temperature, 3))", $0, colour: 0)
            } ?? .none
        return ReportPage.Section(
            title: "Calibration",
            note: """
                How often answers of a score are right, of \(figures.rows) rows. A bar that ends on the dashed line is honest, below it too sure, \
                above it too shy; the stronger a bar, the more answers it stands for.
                """,
            content: "<div class=\"pair\">\n\(before)\(after)</div>")
    }

    private var abstention: ReportPage.Section {
        // The surest few rows say little of a precision: from a fiftieth on.
        let points = figures.coverage.curve.points.filter { $0.coverage >= 0.02 }.map {
            (x: $0.coverage, y: $0.precision)
        }
        .sorted { $0.x < $1.x }
        let isPerfect = points.allSatisfy { $0.y > 0.9999 }
        let chart = LineChart(
            title: "Precision by coverage", xTitle: "share of rows that get an answer",
            yTitle: "share of answers that are right",
            series: [LineChart.Series(name: "precision", points: points, colour: 0)], xRange: 0...1,
            yRange: isPerfect ? 0.9...1 : nil,
            isPercent: true, xIsPercent: true)
        return ReportPage.Section(
            title: "Abstention",
            note:
                "What is gained by giving no answer below a threshold: the fewer rows are answered, the more answers are right.",
            content: "<div class=\"pair\">\n\(chart.markup)<div>\(table)</div></div>")
    }

    private var table: Markup {
        let shown = Set([0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 1] + wanted).sorted()
        let rows = shown.compactMap { precision -> Markup? in
            guard let point = figures.coverage.point(precision: precision) else {
                guard wanted.contains(precision) else { return nil }
                return """
                    <tr><th scope="row">\(Figure.percent(precision))</th><td class="n">no score is enough</td><td class="n">–</td></tr>

                    """
            }
            return """
                <tr><th scope="row">\(Figure.percent(precision))</th><td class="n">\(Figure.decimal(point.threshold, 4))</td>\
                <td class="n">\(Figure.percent(point.coverage))</td></tr>

                """
        }
        return """
            <table><thead><tr><th>precision of at least</th><th class="n">threshold</th><th class="n">coverage</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table>

            """
    }
}
