import Reports
import Training

/// Learning curves as a section of the page that `make benchmark-learning` writes.
struct QueueSection {
    let curves: [QueueBenchmark.Curve]
    let name: String
    /// Numbers of rows, labels and test rows.
    let pool: Int
    let labels: Int
    let test: Int
    let batch: Int
    let model: String
    let chart: String?
    let reference: TrainingReference?

    /// Markdown.
    var text: String {
        let figures = QueueFigures(curves)
        let heads = figures.goals.map { "rows for \(Figure.decimal(100 * $0, 1)) %" }
        let head = ["order of labelling"] + heads + ["accuracy at the end"]
        return """
            ## What to label next: `\(name)`

            \(Figure.grouped(pool)) rows with \(labels) labels, measured on \(Figure.grouped(test)) test rows. The rows
            get their labels in the order that each strategy asks for, \(Figure.grouped(batch)) per round, and a
            \(model) is trained after each round. All strategies begin with the same random rows.

            \(picture)Rows are a share of those that random order needs for the same accuracy: of the mean curve, with
            the lowest and the highest of \(seeds) seeds in brackets. The accuracies are those that random order
            reaches after half, three quarters and all of its rows. The last column has the mean and the standard
            deviation over the seeds, in percent. Goal of `queue`: 0.60.

            | \(head.joined(separator: " | ")) |
            |---|\(Array(repeating: "--:|", count: head.count - 1).joined())
            \(curves.map { line($0, figures) }.joined(separator: "\n"))
            \(level)
            """
    }

    private var seeds: Int { curves.first?.runs.count ?? 0 }

    private var picture: String {
        chart.map { "![Accuracy over labelled rows of \(name), per order of labelling](\($0))\n\n" } ?? ""
    }

    private var level: String {
        reference.map { "\n\($0.name): \(Figure.percent($0.accuracy)) on the same test rows.\n" } ?? ""
    }

    private func line(_ curve: QueueBenchmark.Curve, _ figures: QueueFigures) -> String {
        let perSeed = figures.ratiosPerSeed(curve)
        let isRandom = curve.strategy == .random
        let ratios = figures.ratios(curve).enumerated().map { goal, ratio in
            guard !isRandom else { return "1" }
            let own = perSeed.compactMap { $0.indices.contains(goal) ? $0[goal] : nil }
            guard let ratio else { return "not reached" }
            let bounds =
                own.count == perSeed.count
                ? "\(Figure.decimal(own.min(), 2))–\(Figure.decimal(own.max(), 2))"
                : "reached with \(own.count) of \(perSeed.count) seeds"
            return "\(Figure.decimal(ratio, 2)) (\(bounds))"
        }
        let cells = [isRandom ? "random" : "`\(curve.strategy.rawValue)`"] + ratios + [accuracyAtTheEnd(curve)]
        return "| \(cells.joined(separator: " | ")) |"
    }

    private func accuracyAtTheEnd(_ curve: QueueBenchmark.Curve) -> String {
        let ends = curve.runs.compactMap(\.points.last?.accuracy)
        let mean = ends.reduce(0, +) / Double(max(ends.count, 1))
        let squares = ends.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = ends.count > 1 ? (squares / Double(ends.count - 1)).squareRoot() : nil
        return "\(Figure.decimal(100 * mean, 1)) ± \(Figure.decimal(deviation.map { 100 * $0 }, 1))"
    }
}
