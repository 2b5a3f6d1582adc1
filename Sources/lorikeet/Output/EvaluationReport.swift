import Training

/// An evaluation, for people and for programs.
struct EvaluationReport {
    let rows: Int
    let evaluation: Evaluation

    /// The most labels whose confusion is shown as a matrix.
    private static let widestMatrix = 12

    var json: JSONValue {
        .object([
            ("rows", .integer(rows)),
            ("accuracy", .number(evaluation.accuracy)),
            ("macro_f1", .number(evaluation.macroF1)),
            ("per_label", .array(evaluation.perLabel.map(Self.json))),
            ("labels", .array(evaluation.labels.map { .string($0) })),
            ("confusion", .array(evaluation.confusion.map { .array($0.map { .integer($0) }) })),
        ])
    }

    private static func json(_ figures: Evaluation.LabelFigures) -> JSONValue {
        .object([
            ("label", .string(figures.label)), ("precision", .number(figures.precision)), ("recall", .number(figures.recall)),
            ("f1", .number(figures.f1)), ("support", .integer(figures.support)),
        ])
    }

    /// Writes the tables to standard output.
    func print() throws(StandardOutputError) {
        var summary = TextTable(.right("rows"), .right("accuracy"), .right("macro-F1"))
        summary.add(String(rows), Figure.share(evaluation.accuracy), Figure.share(evaluation.macroF1))
        try summary.print()
        try StandardOutput.shared.line("")
        try labels.print()
        try StandardOutput.shared.line("")
        try printConfusion()
    }

    private var labels: TextTable {
        var table = TextTable(.left("label"), .right("precision"), .right("recall"), .right("F1"), .right("rows"))
        for figures in evaluation.perLabel {
            table.add(
                figures.label, Figure.share(figures.precision), Figure.share(figures.recall), Figure.share(figures.f1),
                String(figures.support))
        }
        return table
    }

    private func printConfusion() throws(StandardOutputError) {
        if evaluation.labels.count <= Self.widestMatrix {
            var table = TextTable(columns: [.left("truth \\ predicted")] + evaluation.labels.map { .right($0) })
            for (label, counts) in zip(evaluation.labels, evaluation.confusion) { table.add(cells: [label] + counts.map(String.init)) }
            try table.print()
        } else {
            try StandardOutput.shared.line("most often confused:")
            var table = TextTable(.left("truth"), .left("predicted"), .right("rows"))
            for mistake in mistakes.prefix(20) { table.add(mistake.truth, mistake.predicted, String(mistake.count)) }
            try table.print()
        }
    }

    /// Wrong cells of the confusion, commonest first.
    private var mistakes: [(truth: String, predicted: String, count: Int)] {
        var mistakes: [(truth: String, predicted: String, count: Int)] = []
        for (truth, counts) in zip(evaluation.labels, evaluation.confusion) {
            for (predicted, count) in zip(evaluation.labels, counts) where predicted != truth && count > 0 {
                mistakes.append((truth, predicted, count))
            }
        }
        return mistakes.sorted { ($1.count, $0.truth, $0.predicted) < ($0.count, $1.truth, $1.predicted) }
    }
}
