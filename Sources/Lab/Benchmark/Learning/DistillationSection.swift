import Reports
import Training

/// What a challenger forgets, as a section of the page that `make benchmark-learning` writes.
struct DistillationSection {
    let runs: [DistillationBenchmark.Run]
    let name: String
    let labels: Int
    let testRows: Int
    let settings: DistillationBenchmark.Settings

    /// Markdown.
    var text: String {
        """
        ## Labels without new rows: `\(name)`

        A champion knows all \(labels) labels\(origin). A challenger starts from it and is trained on
        \(range(\.rows)) new rows, none of which has \(unseen). With distillation, it is also
        distilled from the champion on \(range(\.texts)) texts of all labels, without their labels
        (`retrain.distillation`: weight \(Figure.plain(settings.distillation.weight)), temperature
        \(Figure.plain(settings.distillation.temperature))).

        Accuracy on \(Figure.grouped(testRows)) test rows, in percent\(spread).
        \(recipe)

        | adapter | all labels | labels with new rows | labels without |
        |---|--:|--:|--:|
        \(DistillationBenchmark.Model.allCases.map(line).joined(separator: "\n"))

        """
    }

    private var unseen: String {
        let count = range(\.unseen)
        return count == "1" ? "one of the labels" : "one of \(count) labels"
    }

    private var origin: String {
        guard let rows = runs.first?.championRows, rows > 0 else { return "" }
        return ", from \(Figure.grouped(rows)) rows"
    }

    private var spread: String {
        runs.count > 1 ? ": mean (lowest–highest) over \(runs.count) seeds" : ", with one seed"
    }

    private var recipe: String {
        let training = settings.training
        let length = training.steps.map { "\($0) steps" } ?? "\(training.epochs) epochs"
        return "Adapters are trained for \(length) at rate \(training.learningRate)."
    }

    private func range(_ path: KeyPath<DistillationBenchmark.Run, Int>) -> String {
        let values = runs.map { $0[keyPath: path] }
        guard let lowest = values.min(), let highest = values.max() else { return "0" }
        return lowest == highest ? Figure.grouped(lowest) : "\(Figure.grouped(lowest)) to \(Figure.grouped(highest))"
    }

    private func line(_ model: DistillationBenchmark.Model) -> String {
        let accuracies = runs.compactMap { $0.accuracies[model] }
        let cells = [\DistillationBenchmark.Accuracy.all, \.seen, \.unseen].map { path in
            let values = accuracies.map { 100 * $0[keyPath: path] }
            let mean = values.reduce(0, +) / Double(max(values.count, 1))
            guard values.count > 1 else { return Figure.decimal(mean, 2) }
            return "\(Figure.decimal(mean, 2)) (\(Figure.decimal(values.min(), 2))–\(Figure.decimal(values.max(), 2)))"
        }
        return "| \(([model.rawValue] + cells).joined(separator: " | ")) |"
    }
}
