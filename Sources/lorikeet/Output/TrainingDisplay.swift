import JSON
import Reports
import Training

/// The output of a training: its progress, a line per epoch, the evaluation at its end.
final class TrainingDisplay {
    private let json: Bool
    private let style: ProgressOption.Style
    private let bar: ProgressBar
    private var shownAt = ContinuousClock.now
    private var said: Set<String> = []

    init(json: Bool, style: ProgressOption.Style = StandardError.isTerminal ? .bar : .none) {
        (self.json, self.style) = (json, style)
        bar = ProgressBar("training", unit: "steps", isShown: style == .bar)
    }

    /// Removes the bar from the screen.
    func clear() { bar.clear() }

    /// Shows the progress; a finished epoch is a result and goes to standard output.
    func show(_ progress: TrainingProgress) {
        if let notice = progress.notice { return say(notice) }
        if let report = progress.finishedEpoch {
            bar.clear()
            // That the reader is gone shows when the last result is written.
            try? StandardOutput.shared.line(json ? Self.object(report).text : Self.row(report))
            try? StandardOutput.shared.flush()
            for finding in report.findings ?? [] { say("\(finding)") }
        }
        switch style {
        case .bar:
            let pace = ProgressBar.Pace(
                rate: progress.documentsPerSecond, unit: "texts", secondsLeft: progress.secondsLeft)
            bar.update(progress.step, of: progress.steps, note: Self.note(progress), pace: pace)
        case .lines: if isTime(.seconds(10)) { StandardError.write(Self.line(progress)) }
        case .json:
            if isTime(.seconds(1)) || progress.step == progress.steps {
                StandardError.write(Self.object(progress).text)
            }
        case .auto, .none: break
        }
    }

    /// A warning, once.
    private func say(_ sentence: String) {
        guard said.insert(sentence).inserted else { return }
        bar.clear()
        StandardError.write(json ? JSONValue.object([("warning", .string(sentence))]).text : "warning: \(sentence)")
    }

    /// Whether this much time has passed since something was shown.
    private func isTime(_ interval: Duration) -> Bool {
        guard ContinuousClock.now - shownAt >= interval else { return false }
        shownAt = .now
        return true
    }

    private static func note(_ progress: TrainingProgress) -> [String] {
        [
            "epoch \(progress.epoch)/\(progress.epochs)", "loss \(Figure.decimal(progress.loss, 4))",
            "rate \(Figure.rate(Double(progress.rate)))",
        ]
    }

    private static func line(_ progress: TrainingProgress) -> String {
        let pace =
            "\(Figure.decimal(progress.documentsPerSecond, 0)) texts/s  \(Figure.clock(progress.secondsLeft)) left"
        return (["step \(progress.step)/\(progress.steps)"] + note(progress) + [pace]).joined(separator: "  ")
    }

    private static func object(_ progress: TrainingProgress) -> JSONValue {
        .object([
            ("step", .integer(progress.step)), ("steps", .integer(progress.steps)), ("epoch", .integer(progress.epoch)),
            ("epochs", .integer(progress.epochs)), ("loss", .number(progress.loss)), ("rate", .float(progress.rate)),
            ("documents_per_second", .number(progress.documentsPerSecond)),
            ("seconds_left", .number(progress.secondsLeft)),
        ])
    }

    /// Prints the evaluation of the best epoch and where the adapter is.
    func finish(_ candidate: AdapterCandidate, rows: Int, precisions: [Double], output: String) throws {
        for finding in candidate.findings where candidate.divergence == nil { say("\(finding)") }
        if json {
            guard candidate.evaluation != nil else { return }
            let members: [(key: String, value: JSONValue)] = [("kept_epoch", .integer(candidate.bestEpoch))]
            return StandardError.write(JSONValue.object(members + scores(of: candidate, precisions).json).text)
        }
        if let evaluation = candidate.evaluation {
            if candidate.bestEpoch < candidate.epochs.count {
                StandardError.write("best epoch: \(candidate.bestEpoch)")
            }
            try StandardOutput.shared.line("")
            try EvaluationOutput(rows: rows, evaluation: evaluation, scores: scores(of: candidate, precisions)).print()
        }
        StandardError.write("adapter \(Figure.digest(candidate.adapter.digest)) written to \(output)")
    }

    private func scores(of candidate: AdapterCandidate, _ precisions: [Double]) -> ScoreOutput {
        let manifest = candidate.adapter.manifest
        return ScoreOutput(
            calibration: candidate.calibration, coverage: candidate.coverage,
            thresholds: precisions.map { ($0, manifest.abstention(forPrecision: $0)) })
    }

    private static func object(_ report: EpochReport) -> JSONValue {
        let findings = (report.findings ?? []).map { JSONValue.string("\($0)") }
        let members: [(key: String, value: JSONValue)] = [
            ("epoch", .integer(report.epoch)), ("loss", .number(report.loss)), ("seconds", .number(report.seconds)),
            ("documents_per_second", .number(report.documentsPerSecond)), ("accuracy", .optional(report.accuracy)),
            ("macro_f1", .optional(report.macroF1)), ("micro_f1", .optional(report.microF1)),
            ("validation_loss", .optional(report.validationLoss)),
        ]
        return .object(members + (findings.isEmpty ? [] : [("findings", .array(findings))]))
    }

    private static func row(_ report: EpochReport) -> String {
        var row =
            "epoch \(report.epoch)  loss \(Figure.decimal(report.loss, 4))  \(Figure.decimal(report.seconds, 1)) s  "
        row += "\(Figure.decimal(report.documentsPerSecond, 0)) texts/s"
        guard let accuracy = report.accuracy else { return row }
        return row + "  accuracy \(Figure.share(accuracy))  macro-F1 \(Figure.share(report.macroF1))"
    }
}
