import BERT
import Foundation
import Pipelines
import Training

/// The page of one adapter on one file.
public struct EvaluationPage {
    let name: String
    let adapter: Adapter
    let base: BERTBase
    let rows: [LabelledText]
    /// What was found in them as they came.
    let input: RowsReport.Side
    let predictions: [Prediction]
    let evaluation: Evaluation
    let seconds: Double
    /// Asked for, to abstain by.
    let precisions: [Double]
    /// Shows texts: only where they were asked for.
    let showsTexts: Bool

    public init(
        name: String, adapter: Adapter, base: BERTBase, rows: [LabelledText], input: RowsReport.Side,
        predictions: [Prediction], evaluation: Evaluation, seconds: Double, precisions: [Double], showsTexts: Bool
    ) {
        self.name = name
        self.adapter = adapter
        self.base = base
        self.rows = rows
        self.input = input
        self.predictions = predictions
        self.evaluation = evaluation
        self.seconds = seconds
        self.precisions = precisions
        self.showsTexts = showsTexts
    }

    public var page: ReportPage {
        let answers = AnswerSections(evaluation: evaluation, rows: rows.count, rowsName: "rows")
        var page = ReportPage(
            title: name,
            subtitle: "An adapter of \(adapter.labels.count) labels, measured on \(rows.count) labelled rows.")
        page.tiles = answers.tiles
        page.tiles.append(
            ReportPage.Tile(
                name: "speed", value: Figure.decimal(Double(rows.count) / max(seconds, 1e-9), 0), note: "texts a second"
            ))
        page.sections = answers.sections
        if let figures = ScoreFigures(rows: rows, predictions: predictions, adapter: adapter) {
            let scores = ScoreSections(figures: figures, wanted: precisions)
            page.tiles.append(scores.tile)
            page.sections += scores.sections
        }
        page.sections.append(RowsSection.measured(rows, side: input))
        if showsTexts { page.sections.append(MistakesSection(rows: rows, predictions: predictions).section) }
        page.sections.append(SettingsSection.adapter(adapter, base: base))
        page.footer = "lorikeet \(LorikeetVersion.current), \(ReportPage.time(Date()))"
        return page
    }
}
