import BERT
import Training

/// What a person or a program sees of a training: a bar while it runs, a line an epoch, the evaluation at its end.
struct TrainingDisplay {
    let json: Bool
    private let bar = ProgressBar("training", unit: "steps")

    init(json: Bool) { self.json = json }

    /// Takes the bar off the screen.
    func clear() { bar.clear() }

    /// Shows where the training stands; a finished epoch is a result and goes to standard output.
    func show(_ progress: TrainingProgress) {
        if let report = progress.finishedEpoch {
            bar.clear()
            // A reader that is gone shows when the last result is written.
            try? StandardOutput.shared.line(json ? Self.object(report).text : Self.row(report))
            try? StandardOutput.shared.flush()
        }
        let loss = "epoch \(progress.epoch)/\(progress.epochs)  loss \(Figure.decimal(progress.loss, 4))"
        let pace = ProgressBar.Pace(rate: progress.documentsPerSecond, unit: "texts", secondsLeft: progress.secondsLeft)
        bar.update(progress.step, of: progress.steps, note: loss, pace: pace)
    }

    /// Says where the adapter is, and how good.
    func finish(_ candidate: AdapterCandidate, rows: Int, output: String) throws {
        if json { return }
        if let evaluation = candidate.evaluation {
            try StandardOutput.shared.line("")
            try EvaluationReport(rows: rows, evaluation: evaluation).print()
        }
        StandardError.write("adapter \(Figure.digest(candidate.adapter.digest)) written to \(output)")
    }

    private static func object(_ report: EpochReport) -> JSONValue {
        .object([
            ("epoch", .integer(report.epoch)), ("loss", .number(report.loss)), ("seconds", .number(report.seconds)),
            ("documents_per_second", .number(report.documentsPerSecond)), ("accuracy", .optional(report.accuracy)),
            ("macro_f1", .optional(report.macroF1)),
        ])
    }

    private static func row(_ report: EpochReport) -> String {
        var row = "epoch \(report.epoch)  loss \(Figure.decimal(report.loss, 4))  \(Figure.decimal(report.seconds, 1)) s  "
        row += "\(Figure.decimal(report.documentsPerSecond, 0)) texts/s"
        guard let accuracy = report.accuracy else { return row }
        return row + "  accuracy \(Figure.share(accuracy))  macro-F1 \(Figure.share(report.macroF1))"
    }
}
