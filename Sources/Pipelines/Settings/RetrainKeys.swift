import JSON
import Retraining
import Training

/// `retrain`: when and on what, and every hyper-parameter of a training (``Hyperparameter``).
enum RetrainKeys {
    static let every = DefaultedSetting(
        "every", .duration(.milliseconds(100) ... .seconds(366 * 86400)), default: .seconds(6 * 3600),
        "minimum time between the starts of two retrainings of a task")
    static let minimumNewRows = DefaultedSetting(
        "minimum_new_rows", .integer(1...Int.max), default: 200,
        "minimum number of labelled rows added since the last retraining of the task; counted every 10 s")
    static let maximumRows = DefaultedSetting(
        "maximum_rows", .integer(1...Int.max), default: 100_000,
        "maximum number of labelled rows to use, held-out rows included; the newest ones are used")
    static let query = Setting(
        "query", .text("a SELECT"), absent: "the table `annotations`",
        "SELECT that returns the labelled rows: `text`, `label` or `labels`, `time`, and optionally `id`, "
            + "`annotator`, `source`; `$1` is the task")
    static let since = Setting(
        "since", .duration(.seconds(60) ... .seconds(DurationText.longestSeconds)), absent: "rows of any age",
        "age of the oldest rows to train on, such as `90d`")
    static let trust = SettingDeclaration(
        "trust", .mapping(to: ValueForm.number(trustRange).schema), "mapping of annotators to numbers",
        absence: .meaning("the newest label of a text counts"),
        "what a label of an annotator counts where labels of one text differ; 1 for who is not named, 0 leaves rows out"
    )
    /// What an annotator's trust may be.
    static let trustRange = 0.0...1e6
    static let minimumHoldOut = DefaultedSetting(
        "minimum_hold_out", .integer(1...Int.max), default: 20,
        "minimum number of held-out rows; with fewer, the verdict is `skipped`, and a held-out set does not count")
    static let minimumGain = DefaultedSetting(
        "minimum_gain", .number(-1...1), default: GateSettings().minimumGain,
        "macro-F1 that a challenger must gain besides what `gate` asks for; 0 or less asks for nothing more")
    static let gate = SettingDeclaration(
        "gate", GateKeys.section.schema, "mapping", absence: .meaning("the defaults of its keys"),
        "what the held-out rows must show before a challenger is promoted")

    static let section = SettingSection(
        "retrain",
        [
            every.declaration, minimumNewRows.declaration, maximumRows.declaration, query.declaration,
            since.declaration, trust, minimumHoldOut.declaration, minimumGain.declaration, gate,
        ] + ScheduleKeys.declarations
            + Hyperparameter.all.map { SettingDeclaration($0, in: RetrainConfiguration().training) })

    /// The weights of single labels in `class_weights`.
    static let classWeights = 0.000_001...1e6
}

/// `retrain.gate`.
enum GateKeys {
    private static let defaults = GateSettings()
    static let rule = DefaultedSetting(
        "rule", .choice, default: defaults.rule,
        "`better`: significantly fewer errors and a significantly higher macro-F1; `not_worse`: worse by no more than "
            + "`margin`, for tasks that must follow a drifting stream")
    static let confidence = DefaultedSetting(
        "confidence", .number(0.5...0.9999), default: defaults.confidence,
        "of challengers that are no better, at most the rest is promoted, over all looks")
    static let margin = DefaultedSetting(
        "margin", .number(0...1), default: defaults.margin,
        "accuracy and macro-F1 that a challenger may lose under `not_worse`")
    static let labelFloor = DefaultedSetting(
        "label_floor", .number(0...1), default: defaults.labelFloor,
        "recall that a label may lose; what chance explains is no loss")
    static let minimumPerLabel = DefaultedSetting(
        "minimum_per_label", .integer(1...Int.max), default: defaults.minimumPerLabel,
        "held-out rows from which on a label is judged by itself; rarer labels are judged together")
    static let unusableRows = DefaultedSetting(
        "unusable_rows", .number(0...1), default: defaults.unusableRows,
        "share of the rows that may be unusable, such as by an unknown label; more hold the challenger")
    static let unknownTrainingRows = DefaultedSetting(
        "unknown_training_rows", .choice, default: defaults.unknownTrainingRows,
        "whether a challenger is held where it is unknown which rows an adapter was trained on")
    static let approve = DefaultedSetting(
        "approve", .choice, default: defaults.approve,
        "`person`: a challenger that passed is held until `lorikeet adapters promote`")

    static let section = SettingSection(
        "retrain.gate",
        [
            rule.declaration, confidence.declaration, margin.declaration, labelFloor.declaration,
            minimumPerLabel.declaration, unusableRows.declaration, unknownTrainingRows.declaration,
            approve.declaration,
        ])
}

extension SettingDeclaration {
    /// A hyper-parameter as a key of `retrain`, with its value in some settings as the default.
    fileprivate init(_ parameter: Hyperparameter, in settings: TrainingSettings) {
        let (schema, words) = Self.form(of: parameter)
        let fallback = parameter.json(in: settings)
        self.init(
            parameter.key, schema, words,
            absence: fallback.map(Absence.value) ?? .meaning(parameter.unsetMeaning ?? "none"), parameter.summary)
    }

    private static func form(of parameter: Hyperparameter) -> (schema: JSONValue, words: String) {
        switch parameter.value {
        case .integer, .optionalInteger, .unsigned:
            let form = ValueForm.integer(parameter.fileIntegers)
            return (form.schema, form.words)
        case .number:
            let form = ValueForm.number(parameter.fileNumbers)
            return (form.schema, form.words)
        case .flag: return (ValueForm.flag.schema, ValueForm.flag.words)
        case .choice(let choice): return (.choice(among: choice.names), choice.names.quoted)
        case .targets: return (.list(of: .scalar, atLeast: 1), "list")
        case .layers:
            let layer = ValueForm.integer(parameter.fileIntegers).schema
            return (.either(.names(["all"]), .list(of: layer, atLeast: 1)), "`all`, or a list")
        case .classWeights:
            let weight = ValueForm.number(RetrainKeys.classWeights).schema
            return (
                .either(.choice(among: ["none", "balanced"]), .mapping(to: weight)),
                "`none`, `balanced`, or a mapping of labels to weights"
            )
        }
    }
}

extension Hyperparameter {
    /// The value in some settings; nil where it is not set.
    fileprivate func json(in settings: TrainingSettings) -> JSONValue? {
        switch value {
        case .integer(let path): .integer(settings[keyPath: path])
        case .optionalInteger(let path): settings[keyPath: path].map { .integer($0) }
        case .unsigned(let path): .integer(Int(clamping: settings[keyPath: path]))
        case .number(let path): Double("\(settings[keyPath: path])").map { .short($0) }
        case .flag(let path): .boolean(settings[keyPath: path])
        case .targets(let path): .array(settings[keyPath: path].map { .string($0) })
        case .choice, .layers, .classWeights: text(in: settings).map { .string($0) }
        }
    }

    /// The whole numbers that a pipeline file accepts.
    var fileIntegers: ClosedRange<Int> {
        let (lower, upper) = fileRange?.bounds ?? (0, .infinity)
        return Int(lower)...(Int(exactly: upper) ?? .max)
    }

    /// The numbers that a pipeline file accepts.
    var fileNumbers: ClosedRange<Double> {
        let (lower, upper) = fileRange?.bounds ?? (-.infinity, .infinity)
        return lower...upper
    }
}
