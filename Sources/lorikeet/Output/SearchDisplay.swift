import JSON
import Reports
import Training

/// The output of a search for settings: its progress and its result.
struct SearchDisplay {
    private let json: Bool
    private let style: ProgressOption.Style
    private let bar: ProgressBar

    init(json: Bool, style: ProgressOption.Style) {
        (self.json, self.style) = (json, style)
        bar = ProgressBar("searching", unit: "trials", isShown: style == .bar)
    }

    /// Removes the bar from the screen.
    func clear() { bar.clear() }

    /// Shows the trial that was measured last.
    func show(_ progress: SettingsSearch.Progress) {
        let trial = progress.trial
        let figure =
            trial.evaluation.map { "macro-F1 \(Figure.share($0.macroF1))" }
            ?? (trial.hasDiverged ? "diverged" : "not measured")
        let note = ["halving \(progress.halving)/\(progress.halvings)", "settings no. \(trial.number)", figure]
        switch style {
        case .bar: bar.update(progress.measured, of: progress.trials, note: note)
        case .lines:
            StandardError.write(
                (["trial \(progress.measured)/\(progress.trials)"] + note + [Self.options(trial.settings)]).joined(
                    separator: "  "))
        case .json:
            StandardError.write(
                JSONValue.object([
                    ("halving", .integer(progress.halving)), ("halvings", .integer(progress.halvings)),
                    ("measured", .integer(progress.measured)), ("trials", .integer(progress.trials)),
                    ("trial", Self.object(trial)),
                ]).text)
        case .auto, .none: break
        }
    }

    /// Prints the result: a table, or one JSON object.
    func finish(_ result: SettingsSearch.Result) throws(StandardOutputError) {
        clear()
        if json { return try StandardOutput.shared.line(Self.object(result).text) }
        var table = TextTable(
            .right("no."), .right("steps"), .right("macro-F1"), .right("accuracy"), .right("loss"), .left("settings"))
        for trial in result.trials {
            table.add(
                String(trial.number), "\(trial.step)/\(trial.steps)",
                trial.hasDiverged ? "diverged" : Figure.share(trial.evaluation?.macroF1),
                Figure.share(trial.evaluation?.accuracy), Figure.decimal(trial.evaluation?.loss, 4),
                Self.options(trial.settings))
        }
        try table.print()
        try StandardOutput.shared.line(Self.introduction(result.ending) + Self.options(result.winner.settings))
        try StandardOutput.shared.line("")
        try StandardOutput.shared.flush()
    }

    private static func introduction(_ ending: SettingsSearch.Result.Ending) -> String {
        switch ending {
        case .complete: "found: "
        case .timeUp: "time is up; best so far: "
        case .cancelled: "interrupted; best so far: "
        }
    }

    /// The settings that a search varies, as options of the command line.
    private static func options(_ settings: TrainingSettings) -> String {
        let parts = [
            "--rate \(settings.learningRate)", "--rank \(settings.rank)",
            "--alpha \(Figure.plain(Double(settings.alpha)))",
            "--dropout \(settings.dropout)", "--schedule \(settings.schedule.rawValue)", "--warmup \(settings.warmup)",
            "--lora-plus-ratio \(Figure.plain(Double(settings.loraPlusRatio)))",
        ]
        return parts.joined(separator: " ")
    }

    private static func object(_ result: SettingsSearch.Result) -> JSONValue {
        .object([
            ("search", .array(result.trials.map { object($0) })), ("cut_short", .boolean(result.ending != .complete)),
            ("options", .string(options(result.winner.settings))),
        ])
    }

    private static func object(_ trial: SearchTrial) -> JSONValue {
        .object([
            ("number", .integer(trial.number)), ("options", .string(options(trial.settings))),
            ("halvings", .integer(trial.rung)),
            ("step", .integer(trial.step)), ("steps", .integer(trial.steps)), ("diverged", .boolean(trial.hasDiverged)),
            ("accuracy", .optional(trial.evaluation?.accuracy)), ("macro_f1", .optional(trial.evaluation?.macroF1)),
            ("loss", .optional(trial.evaluation?.loss)),
        ])
    }
}
