import ArgumentParser
import BERT
import Foundation
import Reports
import Training

/// `--report` of commands that measure.
struct ReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write a report to look at: one HTML file that needs nothing beside it.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Flag(help: "Show texts in the report: the worst mistakes.")
    var reportTexts = false

    func validate() throws {
        guard report != nil || !reportTexts else {
            throw ValidationError("--report-texts is of use only with --report")
        }
    }

    /// Refuses a place that cannot be written to, before the work.
    func check() throws { if let report { try ReportFile.check(report) } }

    /// Writes the page where one was asked for, and says so.
    func write(_ page: @autoclosure () -> ReportPage) throws {
        guard let report else { return }
        try ReportFile.write(page(), to: report)
        StandardError.write("report written to \(report)")
    }
}

extension Evaluator {
    /// What an adapter says of rows, with a bar for people who wait.
    func predictions(
        _ rows: [LabelledText], adapter: Adapter, title: String, isShown: Bool = StandardError.isTerminal
    ) -> [Prediction] {
        let progress = ProgressBar(title, unit: "texts", isShown: isShown)
        defer { progress.clear() }
        var predictions: [Prediction] = []
        while predictions.count < rows.count {
            predictions += self.predictions(
                texts: rows[predictions.count...].prefix(InputOptions.batchSize).map(\.text), adapter: adapter)
            progress.update(predictions.count, of: rows.count)
        }
        return predictions
    }
}
