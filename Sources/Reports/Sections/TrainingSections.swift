import Training

/// How a training went: its loss per step, its metrics per epoch.
struct TrainingSections {
    let epochs: [EpochReport]
    let curve: LossCurve
    var isMultiLabel = false

    var sections: [ReportPage.Section] {
        guard !epochs.isEmpty else { return [] }
        let charts = Markup.joined([stepLoss, epochLoss, metrics, learningRate])
        return [ReportPage.Section(title: "Training", content: "<div class=\"pair\">\n\(charts)</div>\n\(table)")]
    }

    // MARK: - Charts

    private var stepLoss: Markup {
        let raw = curve.points.map { (x: Double($0.step), y: $0.loss) }
        var chart = LineChart(
            title: "Training loss per step", xTitle: "step", yTitle: "mean loss per text",
            series: [LineChart.Series(name: "steps", points: raw, isFaint: raw.count > 12, colour: 0)])
        if raw.count > 12 {
            chart.series.append(LineChart.Series(name: "smoothed", points: Self.smoothed(raw), colour: 0))
        }
        return chart.markup
    }

    /// An exponential moving average over about a thirtieth of the training.
    private static func smoothed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let weight = 1 / max(Double(points.count) / 30, 3)
        var (sum, total) = (0.0, 0.0)
        return points.map { point in
            sum = sum * (1 - weight) + point.y * weight
            total = total * (1 - weight) + weight
            return (point.x, sum / total)
        }
    }

    /// One point per epoch that has the figure; nil where none has it.
    private func series(_ name: String, _ colour: Int, _ value: (EpochReport) -> Double?) -> LineChart.Series? {
        let points = epochs.compactMap { report in value(report).map { (x: Double(report.epoch), y: $0) } }
        return points.isEmpty
            ? nil : LineChart.Series(name: name, points: points, isMarked: points.count <= 40, colour: colour)
    }

    private var epochRange: ClosedRange<Double> { 1...Double(max(epochs.count, 2)) }

    /// Where the two curves part, the adapter begins to overfit.
    private var epochLoss: Markup {
        guard let validation = series("validation", 1, \.validationLoss), let training = series("training", 0, \.loss)
        else { return .none }
        return LineChart(
            title: "Loss per epoch", xTitle: "epoch", yTitle: "mean loss per text", series: [training, validation],
            xRange: epochRange, xIsWhole: true
        ).markup
    }

    private var metrics: Markup {
        let micro = isMultiLabel ? series("micro-F1", 2, \.microF1) : nil
        let shown = [series(accuracyName, 0, \.accuracy), series("macro-F1", 1, \.macroF1), micro].compactMap { $0 }
        guard !shown.isEmpty else { return .none }
        return LineChart(
            title: "Validation metrics per epoch", xTitle: "epoch", yTitle: "", series: shown, xRange: epochRange,
            isPercent: true, xIsWhole: true
        ).markup
    }

    private var accuracyName: String { EvaluationSections.accuracyName(isMultiLabel: isMultiLabel) }

    private var learningRate: Markup {
        let points = curve.points.map { (x: Double($0.step), y: Double($0.rate)) }
        return LineChart(
            title: "Learning rate per step", xTitle: "step", yTitle: "",
            series: [LineChart.Series(name: "learning rate", points: points, colour: 1)]
        ).markup
    }

    // MARK: - Table

    private var table: Markup {
        var columns: [(name: String, value: (EpochReport) -> String)] = [
            ("training loss", { Figure.decimal($0.loss, 4) })
        ]
        if epochs.contains(where: { $0.validationLoss != nil }) {
            columns.append(("validation loss", { Figure.decimal($0.validationLoss, 4) }))
        }
        columns += [(accuracyName, { Figure.share($0.accuracy) }), ("macro-F1", { Figure.share($0.macroF1) })]
        if isMultiLabel { columns.append(("micro-F1", { Figure.share($0.microF1) })) }
        columns += [
            ("seconds", { Figure.decimal($0.seconds, 1) }), ("texts/s", { Figure.decimal($0.documentsPerSecond, 0) }),
        ]
        let headings = columns.map { column -> Markup in "<th class=\"n\">\(column.name)</th>" }
        let rows = epochs.map { report -> Markup in
            let cells = columns.map { column -> Markup in "<td class=\"n\">\(column.value(report))</td>" }
            return "<tr><th scope=\"row\">\(report.epoch)</th>\(Markup.joined(cells))</tr>\n"
        }
        let height: Markup = epochs.count > 20 ? " tall" : .none
        return """
            <div class="scroll\(height)"><table><thead><tr><th>epoch</th>\(Markup.joined(headings))</tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }
}
