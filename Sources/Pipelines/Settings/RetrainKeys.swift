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
        "minimum number of labelled rows added since the last retraining that trained a challenger; counted every 10 s")
    static let maximumRows = DefaultedSetting(
        "maximum_rows", .integer(1...Int.max), default: RetrainingSettings().maximumRows,
        "maximum number of labelled rows to use, held-out rows included; the newest ones are used")
    static let query = Setting(
        "query", .text("a SELECT"), absent: "the table `annotations`",
        "SELECT that returns the labelled rows: `text`, `label` or `labels`, `time`, and optionally `id`, "
            + "`annotator`, `source`; `$1` is the task",
        examples: ["SELECT body AS text, kind AS label, at AS time FROM tickets WHERE task = $1"])
    static let since = Setting(
        "since", .duration(.seconds(60) ... .seconds(DurationText.longestSeconds)), absent: "rows of any age",
        "age of the oldest rows to train on, such as `90d`",
        examples: ["90d"])
    static let trust = SettingDeclaration(
        "trust", .mapping(to: ValueForm.number(trustRange).schema), "mapping of annotators to numbers",
        absence: .meaning("the newest label of a text counts"),
        "weight of an annotator's label where the labels of a text differ; 1 for who is not named, 0 leaves rows out",
        examples: ["{ kim: 1, crowd: 0.5 }"])
    /// What an annotator's trust may be.
    static let trustRange = 0.0...1e6
    static let minimumHoldOut = DefaultedSetting(
        "minimum_hold_out", .integer(1...Int.max), default: GateSettings().minimumHoldOut,
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
            DistillationKeys.declaration,
        ] + ScheduleKeys.declarations
            + Hyperparameter.all.map { SettingDeclaration($0, in: RetrainConfiguration().training) })

    /// The weights of single labels in `class_weights`.
    static let classWeights = 0.000_001...1e6
}
