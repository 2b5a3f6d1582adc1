import Training

/// The report of two adapters on the same rows.
public struct ComparisonPage {
    private let comparison: AdapterComparison
    private let input: RowsReport.Side
    private let showsTexts: Bool
    private let version: String

    /// - Parameters:
    ///   - input: what was found in the rows when they were read.
    ///   - showsTexts: whether texts of rows may appear on the page.
    ///   - version: of the program.
    public init(comparison: AdapterComparison, input: RowsReport.Side, showsTexts: Bool, version: String) {
        (self.comparison, self.input) = (comparison, input)
        (self.showsTexts, self.version) = (showsTexts, version)
    }

    private static let maximumTexts = 60

    /// The page.
    public var page: ReportPage {
        let (first, second) = (comparison.first, comparison.second)
        var page = ReportPage(
            title: "\(first.name) and \(second.name)",
            subtitle: "Two adapters on the same \(comparison.rows.count) rows. \(comparison.verdict)")
        page.tiles = tiles
        page.sections = figures + [RowsSection.evaluated(comparison.rows, side: input)]
        if showsTexts { page.sections.append(texts) }
        page.sections.append(adapters)
        page.footer = ReportPage.footer(version: version)
        return page
    }

    /// Significance, and F1 per label.
    var figures: [ReportPage.Section] { [significance, labels] }

    var tiles: [ReportPage.Tile] {
        let (first, second, test) = (comparison.first, comparison.second, comparison.test)
        return [
            ReportPage.Tile(name: "accuracy, \(first.name)", value: Figure.percent(first.evaluation.accuracy)),
            ReportPage.Tile(
                name: "accuracy, \(second.name)", value: Figure.percent(second.evaluation.accuracy),
                note: "\(Figure.points(test.accuracyDifference)) percentage points"),
            ReportPage.Tile(name: "macro-F1, \(first.name)", value: Figure.percent(first.evaluation.macroF1)),
            ReportPage.Tile(
                name: "macro-F1, \(second.name)", value: Figure.percent(second.evaluation.macroF1),
                note: "\(Figure.points(test.macroF1Difference)) percentage points"),
        ]
    }

    private var significance: ReportPage.Section {
        let (first, second, test) = (comparison.first, comparison.second, comparison.test)
        let interval = IntervalChart(
            value: test.macroF1Difference, lower: test.macroF1Interval.lower, upper: test.macroF1Interval.upper,
            leftName: first.name, rightName: second.name)
        var list = DefinitionList()
        list.add("both correct", test.agreement.both)
        list.add("only \(first.name) correct", test.agreement.onlyFirst)
        list.add("only \(second.name) correct", test.agreement.onlySecond)
        list.add("neither correct", test.agreement.neither)
        list.add("McNemar, exact", "p \(Figure.probability(test.exactP))")
        list.add("McNemar, mid-p", "p \(Figure.probability(test.midP))")
        list.add("\(second.name) better", Figure.percent(test.secondIsBetter) + " of resamples")
        return ReportPage.Section(
            title: "Statistical significance",
            note: """
                The chart shows the macro-F1 of \(second.name) minus that of \(first.name) in percentage points, \
                with its 95 % confidence interval \
                from \(test.resamples) paired bootstrap resamples of the rows. McNemar's test counts the rows that \
                only one adapter predicts correctly.
                """,
            content: "<div class=\"pair\">\n\(interval.markup)<div>\(list.markup)</div></div>")
    }

    private var labels: ReportPage.Section {
        let rows = comparison.labels.map { pair -> Markup in
            let difference = pair.second - pair.first
            let direction: Markup = abs(difference) < 0.00005 ? .none : difference > 0 ? " up" : " down"
            return """
                <tr><th scope="row">\(pair.label)</th><td class="n">\(LabelTable.meter(pair.first))</td>\
                <td class="n">\(LabelTable.meter(pair.second))</td>\
                <td class="n\(direction)">\(Figure.points(difference))</td><td class="n">\(pair.support)</td></tr>

                """
        }
        let height: Markup = rows.count > 20 ? " tall" : .none
        return ReportPage.Section(
            title: "F1 per label",
            note: "Sorted by difference, the largest first. Differences are in percentage points.",
            content: """
                <div class="scroll\(height)"><table><thead><tr><th>label</th>\
                <th class="n">\(comparison.first.name)</th><th class="n">\(comparison.second.name)</th>\
                <th class="n">difference</th><th class="n">support</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    /// The texts with different predictions.
    var texts: ReportPage.Section {
        let differing = comparison.changedRows
        let rows = differing.prefix(Self.maximumTexts).map { index -> Markup in
            let row = comparison.rows[index]
            func prediction(_ side: AdapterComparison.Side) -> Markup {
                let labels = side.predictions[index].labels
                let direction: Markup = Set(labels) == Set(row.labels) ? "up" : "down"
                return "<td class=\"\(direction)\">\(labels.joined(separator: ", "))</td>"
            }
            return """
                <tr><td class="text">\(Markup.shortened(row.text))</td><td>\(row.labels.joined(separator: ", "))</td>\
                \(prediction(comparison.first))\(prediction(comparison.second))</tr>

                """
        }
        return ReportPage.Section(
            title: "Texts with different predictions",
            note: "The first \(rows.count) of \(differing.count), in the order of the rows.",
            content: """
                <div class="scroll"><table><thead><tr><th>text</th><th>true label</th>\
                <th>\(comparison.first.name)</th><th>\(comparison.second.name)</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    private var adapters: ReportPage.Section {
        var list = DefinitionList()
        for side in [comparison.first, comparison.second] {
            let configuration = side.adapter.manifest.configuration
            list.add(side.name, Figure.digest(side.adapter.digest))
            list.add("\(side.name): rank, alpha", "\(configuration.rank), \(Figure.plain(configuration.alpha))")
            list.add("\(side.name): targets", configuration.targets.joined(separator: ", "))
            list.add("\(side.name): labels", side.adapter.labels.count)
        }
        return ReportPage.Section(title: "Adapters", content: list.markup)
    }
}
