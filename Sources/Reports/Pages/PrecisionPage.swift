import Training

/// The report of adapters over the same base in two precisions.
public struct PrecisionPage {
    private let comparisons: [PrecisionComparison]
    private let input: RowsReport.Side
    private let showsTexts: Bool
    private let version: String

    /// - Parameters:
    ///   - comparisons: one per adapter, all on the same rows.
    ///   - input: what was found in the rows when they were read.
    ///   - showsTexts: whether texts of rows may appear on the page.
    ///   - version: of the program.
    public init(comparisons: [PrecisionComparison], input: RowsReport.Side, showsTexts: Bool, version: String) {
        (self.comparisons, self.input) = (comparisons, input)
        (self.showsTexts, self.version) = (showsTexts, version)
    }

    /// The page.
    public var page: ReportPage {
        let rows = comparisons.first?.comparison.rows ?? []
        let names = comparisons.map(\.name).joined(separator: ", ")
        let (first, second) = (comparisons.first?.comparison.first.name, comparisons.first?.comparison.second.name)
        var page = ReportPage(
            title: "\(names): \(first ?? "") and \(second ?? "")",
            subtitle: "The same \(comparisons.count == 1 ? "adapter" : "adapters") over the same base in two "
                + "precisions, on the same \(rows.count) rows.")
        page.sections = [overview]
        for comparison in comparisons {
            let own = ComparisonPage(
                comparison: comparison.comparison, input: input, showsTexts: showsTexts, version: version)
            if comparisons.count == 1 { page.tiles = own.tiles }
            page.sections += (own.figures + (showsTexts ? [own.texts] : [])).map { section in
                var named = section
                if comparisons.count > 1 { named.title = "\(comparison.name): \(section.title)" }
                return named
            }
        }
        page.sections.append(RowsSection.evaluated(rows, side: input))
        page.footer = ReportPage.footer(version: version)
        return page
    }

    /// One row per adapter, and the means.
    private var overview: ReportPage.Section {
        var rows = comparisons.map { comparison -> Markup in
            let (test, worst) = (comparison.comparison.test, comparison.worstLabel)
            let fall = worst.map { "\($0.label): \($0.onlyFirst) lost, \($0.onlySecond) gained of \($0.rows)" }
            let interval = test.accuracyInterval
            let (low, high) = (Figure.points(interval.lower), Figure.points(interval.upper))
            let change = comparison.largestChange.map { abs($0.second - $0.first) }
            return Self.row(
                comparison.name,
                [
                    "\(comparison.labelsChanged) (\(Figure.percent(comparison.changedShare)))",
                    "\(Figure.points(test.accuracyDifference)) (\(low) to \(high))",
                    Figure.points(test.macroF1Difference), fall ?? "–", Figure.share(change),
                    Self.speed(comparison.speed),
                ])
        }
        if comparisons.count > 1, let mean = PrecisionComparison.Mean(comparisons) {
            rows.append(
                Self.row(
                    "mean",
                    [
                        Figure.percent(mean.changedShare), Figure.points(mean.accuracyDifference),
                        Figure.points(mean.macroF1Difference), "–", "–", Self.speed(mean.speed),
                    ]))
        }
        return ReportPage.Section(
            title: "What changes",
            note: """
                Differences are in percentage points, second minus first; that of accuracy with its 95 % confidence \
                interval (Tango's score interval). The worst label is the one whose recall falls most. Speed is \
                the second's texts per second over the first's; both predicted the rows in turn.
                """,
            content: """
                <div class="scroll"><table><thead><tr><th>adapter</th><th class="n">labels changed</th>\
                <th class="n">accuracy</th><th class="n">macro-F1</th><th class="n">worst label</th>\
                <th class="n">largest change of a probability</th><th class="n">speed</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    private static func row(_ name: String, _ cells: [String]) -> Markup {
        let cells = cells.map { cell -> Markup in "<td class=\"n\">\(cell)</td>" }
        return "<tr><th scope=\"row\">\(name)</th>\(Markup.joined(cells))</tr>\n"
    }

    private static func speed(_ speed: Double?) -> String { speed.map { Figure.decimal($0, 2) + " ×" } ?? "–" }
}
