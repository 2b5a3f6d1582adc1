import BERT
import Foundation
import Pipelines
import Training

/// The page of a training and the adapter that came of it.
public struct TrainingPage {
    let name: String
    let candidate: AdapterCandidate
    let base: BERTBase
    let settings: TrainingSettings
    let training: [LabelledText]
    let validation: [LabelledText]
    /// What was found in the rows as they came.
    let findings: [String]
    /// Of the validation rows.
    let predictions: [Prediction]
    /// Shows texts: only where they were asked for.
    let showsTexts: Bool
    /// Wall time of everything.
    let seconds: Double

    public init(
        name: String, candidate: AdapterCandidate, base: BERTBase, settings: TrainingSettings, training: [LabelledText],
        validation: [LabelledText], findings: [String], predictions: [Prediction], showsTexts: Bool, seconds: Double
    ) {
        self.name = name
        self.candidate = candidate
        self.base = base
        self.settings = settings
        self.training = training
        self.validation = validation
        self.findings = findings
        self.predictions = predictions
        self.showsTexts = showsTexts
        self.seconds = seconds
    }

    public var page: ReportPage {
        let labels = candidate.adapter.labels.count
        var page = ReportPage(
            title: name,
            subtitle:
                "An adapter of \(labels) labels, trained on \(training.count) rows and measured on \(validation.count)."
        )
        if let divergence = candidate.divergence {
            page.warnings.append(
                "The loss was no number at batch \(divergence.batch) of epoch \(divergence.epoch): this is the adapter from before. Try a lower "
                    + "rate, a longer warm-up or stronger clipping.")
        }
        let answers = candidate.evaluation.map {
            AnswerSections(evaluation: $0, rows: validation.count, rowsName: "validation rows")
        }
        let scores = ScoreFigures(rows: validation, predictions: predictions, adapter: candidate.adapter)
            .map { ScoreSections(figures: $0, wanted: settings.precisions) }
        page.tiles = (answers?.tiles ?? []) + (scores.map { [$0.tile] } ?? []) + tiles
        page.sections =
            TrainingSections(epochs: candidate.epochs, curve: candidate.curve, isMultiLabel: settings.isMultiLabel)
            .sections
            + (answers?.sections ?? [])
        page.sections += scores?.sections ?? []
        page.sections.append(rows.section)
        if showsTexts { page.sections.append(MistakesSection(rows: validation, predictions: predictions).section) }
        page.sections.append(SettingsSection.settings(settings))
        page.sections.append(SettingsSection.adapter(candidate.adapter, base: base))
        page.footer = "lorikeet \(LorikeetVersion.current), \(ReportPage.time(Date()))"
        return page
    }

    private var tiles: [ReportPage.Tile] {
        let texts = candidate.epochs.reduce(0) { $0 + $1.documentsPerSecond * $1.seconds }
        let steps = candidate.epochs.reduce(0) { $0 + $1.seconds }
        return [
            ReportPage.Tile(
                name: "loss", value: Figure.decimal(candidate.epochs.last?.loss, 4), note: "last epoch, mean a text"),
            ReportPage.Tile(
                name: "time", value: Figure.clock(seconds),
                note: "\(Figure.decimal(texts / max(steps, 1e-9), 0)) texts a second in training"),
        ]
    }

    private var rows: RowsSection {
        RowsSection(
            sides: [
                RowsSection.Side(name: "rows to learn from", column: "to learn from", rows: training),
                RowsSection.Side(name: "validation rows", column: "validation", rows: validation),
            ], findings: findings)
    }
}
