import BERT
import Training

/// The report of a training and the adapter that it made.
public struct TrainingPage {
    private let name: String
    private let candidate: AdapterCandidate
    private let base: BERTBase
    private let settings: TrainingSettings
    private let account: RecipeAccount?
    private let training: [LabelledText]
    private let validation: [LabelledText]
    private let findings: [String]
    private let predictions: [Prediction]
    private let showsTexts: Bool
    private let seconds: Double
    private let version: String

    /// - Parameters:
    ///   - name: the title of the page.
    ///   - account: what the recipe chose; nil where there was none.
    ///   - findings: what was found in the rows when they were read, one line per finding.
    ///   - predictions: one per validation row.
    ///   - showsTexts: whether texts of validation rows may appear on the page.
    ///   - seconds: wall time of the whole command.
    ///   - version: of the program.
    public init(
        name: String, candidate: AdapterCandidate, base: BERTBase, settings: TrainingSettings,
        account: RecipeAccount? = nil, training: [LabelledText], validation: [LabelledText], findings: [String],
        predictions: [Prediction], showsTexts: Bool, seconds: Double,
        version: String
    ) {
        (self.name, self.candidate, self.base, self.settings) = (name, candidate, base, settings)
        self.account = account
        (self.training, self.validation, self.findings) = (training, validation, findings)
        (self.predictions, self.showsTexts) = (predictions, showsTexts)
        (self.seconds, self.version) = (seconds, version)
    }

    /// The page.
    public var page: ReportPage {
        let labels = candidate.adapter.labels.count
        var page = ReportPage(
            title: name,
            subtitle: """
                An adapter with \(labels) labels, trained on \(training.count) rows and validated on \
                \(validation.count).
                """)
        if let warning { page.warnings.append(warning) }
        if candidate.divergence == nil { page.warnings += SettingsSection.warnings(account) }
        let metrics = candidate.evaluation.map {
            EvaluationSections(evaluation: $0, rows: validation.count, rowsName: "validation rows")
        }
        let scores = ScoreFigures(rows: validation, predictions: predictions, adapter: candidate.adapter)
            .map { ScoreSections(figures: $0, precisions: settings.precisions) }
        let course = TrainingSections(
            epochs: candidate.epochs, curve: candidate.curve, isMultiLabel: settings.isMultiLabel)
        page.tiles = (metrics?.tiles ?? []) + (scores.map { [$0.tile] } ?? []) + tiles
        page.sections = course.sections + (metrics?.sections ?? []) + (scores?.sections ?? [])
        page.sections.append(rows.section)
        if showsTexts { page.sections.append(MistakesSection(rows: validation, predictions: predictions).section) }
        if let account, !account.choices.isEmpty { page.sections.append(SettingsSection.recipe(account)) }
        page.sections.append(SettingsSection.settings(settings))
        page.sections.append(SettingsSection.adapter(candidate.adapter, base: base, version: version))
        page.footer = ReportPage.footer(version: version)
        return page
    }

    private var warning: String? {
        candidate.divergence.map {
            """
            The training diverged: the loss was not a number at batch \($0.batch) of epoch \($0.epoch). This is the \
            adapter from before. Try a lower learning rate, a longer warm-up or stronger gradient clipping.
            """
        }
    }

    private var tiles: [ReportPage.Tile] {
        let texts = candidate.epochs.reduce(0) { $0 + $1.documentsPerSecond * $1.seconds }
        let steps = candidate.epochs.reduce(0) { $0 + $1.seconds }
        return [
            ReportPage.Tile(
                name: "training loss", value: Figure.decimal(candidate.epochs.last?.loss, 4),
                note: "last epoch, mean per text"),
            ReportPage.Tile(
                name: "time", value: Figure.clock(seconds),
                note: "\(Figure.decimal(texts / max(steps, 1e-9), 0)) texts per second in training"),
        ]
    }

    private var rows: RowsSection {
        RowsSection(
            sides: [
                RowsSection.Side(name: "training rows", column: "training", rows: training),
                RowsSection.Side(name: "validation rows", column: "validation", rows: validation),
            ], findings: findings)
    }
}
