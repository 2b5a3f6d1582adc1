import Training

/// How a training went: its loss step by step, its figures epoch by epoch.
struct TrainingSections {
    let epochs: [EpochReport]
    let curve: LossCurve

    var sections: [ReportPage.Section] {
        guard !epochs.isEmpty else { return [] }
        return [ReportPage.Section(title: "Training", content: "<div class=\"pair\">\n\(loss)\(metrics)</div>\n\(table)")]
    }

    private var loss: Markup {
        let raw = curve.points.map { (x: Double($0.step), y: $0.loss) }
        var chart = LineChart(
            title: "Loss", xTitle: "step", yTitle: "mean loss a text",
            series: [LineChart.Series(name: "steps", points: raw, isFaint: raw.count > 12, colour: 0)])
        if raw.count > 12 { chart.series.append(LineChart.Series(name: "smoothed", points: Self.smooth(raw), colour: 0)) }
        return chart.markup
    }

    /// An exponential mean over about a thirtieth of the training.
    private static func smooth(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let weight = 1 / max(Double(points.count) / 30, 3)
        var (sum, total) = (0.0, 0.0)
        return points.map { point in
            sum = sum * (1 - weight) + point.y * weight
            total = total * (1 - weight) + weight
            return (point.x, sum / total)
        }
    }

    private var metrics: Markup {
        func series(_ name: String, _ colour: Int, _ value: (EpochReport) -> Double?) -> LineChart.Series? {
            let points = epochs.compactMap { report in value(report).map { (x: Double(report.epoch), y: $0) } }
            return points.isEmpty ? nil : LineChart.Series(name: name, points: points, isMarked: points.count <= 40, colour: colour)
        }
        let shown = [series("accuracy", 0, \.accuracy), series("macro-F1", 1, \.macroF1)].compactMap { $0 }
        guard !shown.isEmpty else { return rate }
        let last = Double(max(epochs.count, 2))
        return LineChart(
            title: "Validation", xTitle: "epoch", yTitle: "share", series: shown, xRange: 1...last, isPercent: true, xIsWhole: true
        ).markup
    }

    /// In place of metrics, where there were no rows to measure on.
    private var rate: Markup {
        let points = curve.points.map { (x: Double($0.step), y: Double($0.rate)) }
        return LineChart(
            title: "Learning rate", xTitle: "step", yTitle: "rate", series: [LineChart.Series(name: "rate", points: points, colour: 1)]
        ).markup
    }

    private var table: Markup {
        let rows = epochs.map { report -> Markup in
            """
            <tr><th scope="row">\(report.epoch)</th><td class="n">\(Figure.decimal(report.loss, 4))</td>\
            <td class="n">\(Figure.share(report.accuracy))</td><td class="n">\(Figure.share(report.macroF1))</td>\
            <td class="n">\(Figure.decimal(report.seconds, 1))</td><td class="n">\(Figure.decimal(report.documentsPerSecond, 0))</td></tr>

            """
        }
        let height: Markup = epochs.count > 20 ? " tall" : .none
        return """
            <div class="scroll\(height)"><table><thead><tr><th>epoch</th><th class="n">loss</th><th class="n">accuracy</th>\
            <th class="n">macro-F1</th><th class="n">seconds</th><th class="n">texts/s</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }
}
