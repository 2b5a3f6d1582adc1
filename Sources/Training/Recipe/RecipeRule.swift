/// The rule of `recipe: auto`: rows, labels and texts → hyper-parameters, each with its reason.
///
/// A pure function. docs/recipe.md has its table, and the measurements behind its numbers.
public struct RecipeRule: Sendable {
    /// The rows that choose the best epoch.
    public enum Validation: Sendable, Equatable {
        /// There are this many, maybe none.
        case rows(Int)
        /// A part of the training rows can be set aside.
        case split
    }

    /// The settings, with what was given left as it is.
    public private(set) var settings: TrainingSettings
    /// What was chosen, and what was given.
    public private(set) var choices: [RecipeChoice] = []
    /// The rows.
    public let rows: RowFigures
    private let validation: Validation
    private let isWarm: Bool

    /// Chooses, if the recipe of the settings is `auto`.
    ///
    /// - Parameter startsFromAdapter: whether the shape is that of an adapter to start from.
    public init(
        _ settings: TrainingSettings, rows: RowFigures, validation: Validation, startsFromAdapter: Bool = false
    ) {
        (self.settings, self.rows, self.validation, isWarm) = (settings, rows, validation, startsFromAdapter)
        guard settings.recipe == .auto else { return }
        chooseShape()
        chooseSteps()
        chooseRate()
        chooseBalance()
        chooseEnding()
        noteWindows()
    }

    /// What stands in the report.
    public var account: RecipeAccount { RecipeAccount(recipe: settings.recipe, rows: rows, choices: choices) }

    // MARK: - The numbers

    /// Epochs of the fixed defaults: with these, a training takes as long as one with `recipe: fixed`.
    static let fewestEpochs = 3
    /// Three times as long.
    static let mostEpochs = 9
    /// The most epochs of a small set, whose time is short anyway.
    static let mostSmallEpochs = 16
    /// Fewer steps leave the scores nearly uniform, so this comes before the limit of epochs.
    static let fewestSteps = 200
    /// Steps that the head needs to tell one label from the others.
    static let stepsPerLabel = 50
    /// From here on there are many labels.
    static let manyLabels = 20
    /// With fewer rows a batch is halved, so that the steps take half the time.
    static let smallSet = 500
    /// Likewise with fewer rows per label.
    static let fewPerLabel = 16.0
    /// From here on a tenth of the rows is worth setting aside.
    static let splitRows = 4000
    /// Fewer epochs than these end too soon to be cut short.
    static let patientEpochs = 6
    /// A label is rare if it has fewer rows than this share of the mean.
    static let rareShare = 0.05
    /// With fewer rows of a label, weights would make the adapter repeat single rows.
    static let fewestWeighed = 4

    // MARK: - The choices

    private mutating func chooseShape() {
        let reason =
            isWarm
            ? "that of the adapter to start from"
            : "the same for all rows, so that a later training can start from this adapter"
        for parameter in [Hyperparameter.rank, .alpha, .targets, .layers] { choose(parameter, reason) { _ in } }
    }

    private mutating func chooseSteps() {
        let isSmall = rows.rows < Self.smallSet || rows.mean < Self.fewPerLabel
        let (batch, isPooled) = (isSmall ? 8 : 16, poolsLoss)
        let batchReason =
            isSmall ? "few rows: the number of steps matters more than rows per step" : "enough rows for full batches"
        choose(.batch, isPooled ? "twice the steps of \(batch): a row has many windows" : batchReason) {
            $0.batchSize = isPooled ? batch / 2 : batch
        }
        if settings.steps != nil {
            choices.append(RecipeChoice(key: "steps", value: settings.steps.map(String.init) ?? "", reason: "given"))
            return
        }
        let perEpoch = max(settings.stepsPerEpoch(rows: rows.rows), 1)
        // More steps for the same rows are no reason for fewer epochs.
        let counted = isPooled && !settings.isGiven(.batch) ? (rows.rows + batch - 1) / batch : perEpoch
        let required = max(Self.fewestSteps, Self.stepsPerLabel * rows.labels)
        let (least, enough) = (Self.epochs(Self.fewestSteps, counted), Self.epochs(required, counted))
        let most = isSmall ? Self.mostSmallEpochs : Self.mostEpochs
        let epochs = max(least, min(max(enough, Self.fewestEpochs), most))
        let canGrow = !settings.isGiven(.epochs) && !isSmall && epochs == Self.fewestEpochs
        let growth = canGrow ? "; \(most) epochs if the labels turn out hard to learn" : ""
        choose(.epochs, Self.reason(steps: epochs * perEpoch, required: required) + growth) { $0.epochs = epochs }
        settings.mostEpochs = canGrow ? most : nil
    }

    private static func epochs(_ steps: Int, _ perEpoch: Int) -> Int { (steps + perEpoch - 1) / perEpoch }

    private static func reason(steps: Int, required: Int) -> String {
        let aim = "the target is \(required): \(stepsPerLabel) per label, at least \(fewestSteps)"
        return steps < required ? "\(steps) steps, all that the epochs allow; \(aim)" : "\(steps) steps; \(aim)"
    }

    private mutating func chooseRate() {
        let hasMany = rows.labels >= Self.manyLabels
        let share = Double(settings.stepCount(rows: rows.rows)) / Double(max(Self.stepsPerLabel * rows.labels, 1))
        let rate: Float
        let reason: String
        switch share {
        case ..<0.25 where hasMany:
            (rate, reason) = (4e-3, "many labels, and less than a quarter of the target steps")
        case ..<0.5 where hasMany: (rate, reason) = (3e-3, "many labels, and less than half of the target steps")
        default: (rate, reason) = (2e-3, "learns more in the same time than smaller steps")
        }
        choose(.rate, reason) { $0.learningRate = rate }
        choose(.warmup, "such rates need a longer warm-up than 0.06") { $0.warmup = 0.1 }
        choose(.loraPlusRatio, "larger ratios made trainings collapse") { $0.loraPlusRatio = 1 }
    }

    /// Weights of single labels move the scores away from the frequencies of the stream, so they are for labels that
    /// would be lost without them.
    private mutating func chooseBalance() {
        let ratio = Double(rows.fewest) / max(rows.mean, 1)
        let canWeigh = rows.labels > 1 && rows.fewest >= Self.fewestWeighed && !settings.isMultiLabel
        let isRare = canWeigh && ratio < Self.rareShare
        let most = "the rarest label has \(rows.fewest) rows, the mean is \(Int(rows.mean.rounded()))"
        choose(.classWeights, isRare ? "\(most): without weights it would never be predicted" : "\(most)") {
            $0.classWeighting = isRare ? .balanced : .none
        }
    }

    private mutating func chooseEnding() {
        let epochs = settings.epochCount(rows: rows.rows)
        switch validation {
        case .split:
            let splits = epochs >= Self.patientEpochs && rows.rows >= Self.splitRows
            let reason = splits ? "a tenth of the rows is set aside to choose the epoch" : "all rows are trained on"
            choose(.keep, reason) { $0.epochSelection = splits ? .macroF1 : .last }
            choosePatience(splits && settings.epochSelection != .last)
        case .rows(let count):
            let longest = max(epochs, settings.mostEpochs ?? 0)
            choosePatience(longest >= Self.patientEpochs && count >= 200 && settings.epochSelection != .last)
        }
    }

    private var poolsLoss: Bool { settings.longTexts?.pool.poolsLoss ?? false }

    /// The loss of windows follows from their pool, so it is no hyper-parameter.
    private mutating func noteWindows() {
        guard let pool = settings.longTexts?.pool, pool != .first else { return }
        let (value, reason) =
            poolsLoss
            ? ("pooled", "one window has the passage that tells the label, the others must not learn it")
            : ("each", "every window is about what its text is about")
        choices.append(RecipeChoice(key: "window_loss", value: value, reason: reason))
    }

    private mutating func choosePatience(_ pays: Bool) {
        choose(
            .patience,
            pays
                ? "stops when epochs no longer improve it"
                : "too few epochs or validation rows to stop early"
        ) {
            $0.patience = pays ? 3 : nil
        }
    }

    /// Sets what was not given, and notes why.
    private mutating func choose(
        _ parameter: Hyperparameter, _ reason: String, _ change: (inout TrainingSettings) -> Void
    ) {
        let isGiven = settings.isGiven(parameter)
        if !isGiven { change(&settings) }
        let value = parameter.text(in: settings) ?? "none"
        choices.append(RecipeChoice(key: parameter.key, value: value, reason: isGiven ? "given" : reason))
    }
}
