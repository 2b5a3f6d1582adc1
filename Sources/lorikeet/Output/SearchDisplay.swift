import Training

/// What a person or a program sees of a search for settings.
struct SearchDisplay {
    let json: Bool
    private let bar: ProgressBar

    init(json: Bool, style: ProgressOptions.Style) {
        self.json = json
        bar = ProgressBar("searching", unit: "trials", isShown: style == .bar)
    }

    func clear() { bar.clear() }

    func show(_ progress: SettingsSearch.Progress) {
        let best = progress.trial.evaluation.map { "macro-F1 \(Figure.share($0.macroF1))" } ?? "no number"
        bar.update(
            progress.measured, of: progress.trials,
            note: ["halving \(progress.halving)/\(progress.halvings)", "no. \(progress.trial.number)", best])
    }

    /// What was found: a table, or an object.
    func finish(_ result: SettingsSearch.Result) throws(StandardOutputError) {
        clear()
        if json { return try StandardOutput.shared.line(Self.object(result).text) }
        var table = TextTable(
            .right("no."), .right("steps"), .right("macro-F1"), .right("accuracy"), .left("settings"))
        for trial in result.trials {
            table.add(
                String(trial.number), "\(trial.step)/\(trial.steps)",
                trial.hasDiverged ? "diverged" : Figure.share(trial.evaluation?.macroF1),
                Figure.share(trial.evaluation?.accuracy), Self.options(trial.settings))
        }
        try table.print()
        try StandardOutput.shared.line(
            (result.isCutShort ? "the time was up; best so far: " : "found: ") + Self.options(result.winner.settings))
        try StandardOutput.shared.line("")
        try StandardOutput.shared.flush()
    }

    /// The settings that a search varies, as the command line takes them.
    static func options(_ settings: TrainingSettings) -> String {
        let parts = [
            "--rate \(settings.learningRate)", "--rank \(settings.rank)", "--alpha \(Figure.plain(Double(settings.alpha)))",
            "--dropout \(settings.dropout)", "--schedule \(settings.schedule.rawValue)", "--warmup \(settings.warmup)",
            "--lora-plus-ratio \(Figure.plain(Double(settings.loraPlusRatio)))",
        ]
        return parts.joined(separator: " ")
    }

    private static func object(_ result: SettingsSearch.Result) -> JSONValue {
        let trials = result.trials.map { trial -> JSONValue in
            .object([
                ("number", .integer(trial.number)), ("options", .string(options(trial.settings))), ("halvings", .integer(trial.rung)),
                ("step", .integer(trial.step)), ("steps", .integer(trial.steps)), ("diverged", .boolean(trial.hasDiverged)),
                ("accuracy", .optional(trial.evaluation?.accuracy)), ("macro_f1", .optional(trial.evaluation?.macroF1)),
            ])
        }
        return .object([
            ("search", .array(trials)), ("cut_short", .boolean(result.isCutShort)),
            ("options", .string(options(result.winner.settings))),
        ])
    }
}
