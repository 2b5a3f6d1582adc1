import Foundation
import Pipelines
import Training

/// The page of two adapters side by side.
public struct ComparisonPage {
    let comparison: AdapterComparison
    /// What was found in the rows as they came.
    let input: RowsReport.Side
    /// Shows texts: only where they were asked for.
    let showsTexts: Bool

    public init(comparison: AdapterComparison, input: RowsReport.Side, showsTexts: Bool) {
        self.comparison = comparison
        self.input = input
        self.showsTexts = showsTexts
    }

    private static let shownTexts = 60

    public var page: ReportPage {
        let (first, second, test) = (comparison.first, comparison.second, comparison.test)
        var page = ReportPage(
            title: "\(first.name) and \(second.name)",
            subtitle: "Two adapters on the same \(comparison.rows.count) rows. \(comparison.verdict)")
        page.tiles = [
            ReportPage.Tile(
                name: "accuracy, \(first.name)", value: Figure.percent(first.evaluation.accuracy)),
            ReportPage.Tile(
                name: "accuracy, \(second.name)", value: Figure.percent(second.evaluation.accuracy),
                note: "\(Figure.points(test.accuracyDifference)) points"),
            ReportPage.Tile(name: "macro-F1, \(first.name)", value: Figure.percent(first.evaluation.macroF1)),
            ReportPage.Tile(
                name: "macro-F1, \(second.name)", value: Figure.percent(second.evaluation.macroF1),
                note: "\(Figure.points(test.macroF1Difference)) points"),
        ]
        page.sections = [tests, labels, RowsSection.measured(comparison.rows, side: input)]
        if showsTexts { page.sections.append(texts) }
        page.sections.append(adapters)
        page.footer = "lorikeet \(LorikeetVersion.current), \(ReportPage.time(Date()))"
        return page
    }

    private var tests: ReportPage.Section {
        let (first, second, test) = (comparison.first, comparison.second, comparison.test)
        let interval = IntervalDrawing(
            value: test.macroF1Difference, lower: test.macroF1Interval.lower, upper: test.macroF1Interval.upper,
            leftName: first.name,
            rightName: second.name)
        let agreement = test.agreement
        var list = PairList()
        list.add("both right", agreement.both)
        list.add("only \(first.name) right", agreement.onlyFirst)
        list.add("only \(second.name) right", agreement.onlySecond)
        list.add("none right", agreement.neither)
        list.add("McNemar, exact", "p \(Figure.probability(test.exactP))")
        list.add("McNemar, mid-p", "p \(Figure.probability(test.midP))")
        list.add("\(second.name) better", Figure.percent(test.secondIsBetter) + " of samples")
        return ReportPage.Section(
            title: "Is it chance?",
            note: """
                Points of macro-F1 that \(second.name) gains, with 95 % of \(test.resamples) samples drawn from the same rows with \
                replacement; McNemar's test looks only at rows that one of them answered right and the other wrong.
                """,
            content: "<div class=\"pair\">\n\(interval.markup)<div>\(list.markup)</div></div>")
    }

    private var labels: ReportPage.Section {
        let rows = comparison.labels.map { pair -> Markup in
            let difference = pair.second - pair.first
            let direction: Markup = abs(difference) < 0.00005 ? .none : difference > 0 ? " up" : " down"
            return """
                <tr><th scope="row">\(pair.label)</th><td class="n">\(LabelTable.meter(pair.first))</td>\
                <td class="n">\(LabelTable.meter(pair.second))</td><td class="n\(direction)">\(Figure.points(difference))</td>\
                <td class="n">\(pair.support)</td></tr>

                """
        }
        let height: Markup = rows.count > 20 ? " tall" : .none
        return ReportPage.Section(
            title: "Labels", note: "F1 by both; those that differ most first.",
            content: """
                <div class="scroll\(height)"><table><thead><tr><th>label</th><th class="n">\(comparison.first.name)</th>\
                <th class="n">\(comparison.second.name)</th><th class="n">points</th><th class="n">rows</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    private var texts: ReportPage.Section {
        let differing = comparison.rows.indices.filter {
            Set(comparison.first.predictions[$0].labels) != Set(comparison.second.predictions[$0].labels)
        }
        let rows = differing.prefix(Self.shownTexts).map { row -> Markup in
            let (truth, text) = (comparison.rows[row].labels.joined(separator: ", "), comparison.rows[row].text)
            func answer(_ side: AdapterComparison.Side) -> Markup {
                let labels = side.predictions[row].labels
                let direction: Markup = Set(labels) == Set(comparison.rows[row].labels) ? "up" : "down"
                return "<td class=\"\(direction)\">\(labels.joined(separator: ", "))</td>"
            }
            return """
                <tr><td class="text">\(text.count > 400 ? text.prefix(400) + "…" : text)</td><td>\(truth)</td>\
                \(answer(comparison.first))\(answer(comparison.second))</tr>

                """
        }
        return ReportPage.Section(
            title: "Texts they answer differently",
            note: "\(rows.count) of \(differing.count), in the order of the rows.",
            content: """
                <div class="scroll"><table><thead><tr><th>text</th><th>truth</th><th>\(comparison.first.name)</th>\
                <th>\(comparison.second.name)</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    private var adapters: ReportPage.Section {
        var list = PairList()
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
