import BERT
import Training

/// The report of one adapter evaluated on labelled rows.
public struct EvaluationPage {
    private let name: String
    private let adapter: Adapter
    private let base: BERTBase
    private let rows: [LabelledText]
    private let input: RowsReport.Side
    private let predictions: [Prediction]
    private let evaluation: Evaluation
    private let seconds: Double
    private let precisions: [Double]
    private let showsTexts: Bool
    private let version: String

    /// - Parameters:
    ///   - name: the title of the page.
    ///   - input: what was found in the rows when they were read.
    ///   - predictions: one per row.
    ///   - seconds: how long the predictions took.
    ///   - precisions: requested precisions, as shares; each gets a line in the table of abstention thresholds.
    ///   - showsTexts: whether texts of rows may appear on the page.
    ///   - version: of the program.
    public init(
        name: String, adapter: Adapter, base: BERTBase, rows: [LabelledText], input: RowsReport.Side,
        predictions: [Prediction], evaluation: Evaluation, seconds: Double, precisions: [Double], showsTexts: Bool,
        version: String
    ) {
        (self.name, self.adapter, self.base) = (name, adapter, base)
        (self.rows, self.input) = (rows, input)
        (self.predictions, self.evaluation, self.seconds) = (predictions, evaluation, seconds)
        (self.precisions, self.showsTexts, self.version) = (precisions, showsTexts, version)
    }

    /// The page.
    public var page: ReportPage {
        let metrics = EvaluationSections(evaluation: evaluation, rows: rows.count, rowsName: "rows")
        var page = ReportPage(
            title: name,
            subtitle: "An adapter with \(adapter.labels.count) labels, evaluated on \(rows.count) labelled rows.")
        page.tiles = metrics.tiles
        page.tiles.append(
            ReportPage.Tile(
                name: "throughput", value: Figure.decimal(Double(rows.count) / max(seconds, 1e-9), 0),
                note: "texts per second"))
        page.sections = metrics.sections
        if let figures = ScoreFigures(rows: rows, predictions: predictions, adapter: adapter) {
            let scores = ScoreSections(figures: figures, precisions: precisions)
            page.tiles.append(scores.tile)
            page.sections += scores.sections
        }
        page.sections.append(RowsSection.evaluated(rows, side: input))
        if showsTexts { page.sections.append(MistakesSection(rows: rows, predictions: predictions).section) }
        page.sections.append(SettingsSection.adapter(adapter, base: base, version: version))
        page.footer = ReportPage.footer(version: version)
        return page
    }
}
