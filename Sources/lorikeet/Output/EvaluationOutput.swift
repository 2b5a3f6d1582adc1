import BERT
import JSON
import Operations
import Reports
import Training

/// The output of an evaluation, as tables or as JSON.
struct EvaluationOutput {
    let rows: Int
    /// The type in which the base computed; nil where that was printed before.
    var dtype: String?
    let evaluation: Evaluation
    let scores: ScoreOutput
    /// What was found in the rows; nil where that was printed before.
    var input: RowsReport.Side?
    /// What giving no label to distant texts gains and costs, if that was requested.
    var noneOfThese: NoneOfTheseFigures?

    /// The most labels for which the confusion matrix is printed, as a table and as JSON.
    private static let maximumTableLabels = 12
    private static let maximumJSONLabels = 500

    var json: JSONValue {
        .object(
            members + scores.json + (input.map { [("input", $0.json)] } ?? [])
                + (noneOfThese.map { [("none_of_these", $0.json)] } ?? []))
    }

    private var members: [(key: String, value: JSONValue)] {
        [
            ("rows", .integer(rows)), ("dtype", .optional(dtype)),
            ("accuracy", .number(evaluation.accuracy)),
            ("macro_f1", .number(evaluation.macroF1)),
            ("micro_f1", .number(evaluation.microF1)), ("loss", .optional(evaluation.loss)),
            ("multi_label", .boolean(evaluation.isMultiLabel)),
            ("per_label", .array(evaluation.perLabel.map(Self.json))),
            ("labels", .array(evaluation.labels.map { .string($0) })),
            ("confusion", matrix), ("mistakes", .array(evaluation.mistakes.map(json))),
        ]
    }

    /// Empty where it would be mostly zeros; `mistakes` holds what is off the diagonal.
    private var matrix: JSONValue {
        guard !evaluation.isMultiLabel, evaluation.labels.count <= Self.maximumJSONLabels else { return .array([]) }
        return .array(evaluation.confusionMatrix.map { .array($0.map { .integer($0) }) })
    }

    private func json(_ mistake: Evaluation.ConfusionCell) -> JSONValue {
        .object([
            ("truth", .string(evaluation.labels[mistake.truth])),
            ("predicted", .string(evaluation.labels[mistake.predicted])),
            ("rows", .integer(mistake.rows)),
        ])
    }

    private static func json(_ figures: Evaluation.LabelFigures) -> JSONValue {
        .object([
            ("label", .string(figures.label)), ("precision", .number(figures.precision)),
            ("recall", .number(figures.recall)),
            ("f1", .number(figures.f1)), ("support", .integer(figures.support)),
            ("threshold", .optional(figures.threshold)),
        ])
    }

    /// Writes the tables to standard output.
    func print() throws(StandardOutputError) {
        var columns = [
            TextTable.Column.right("rows"), .right(evaluation.isMultiLabel ? "exact" : "accuracy"), .right("macro-F1"),
        ]
        var cells = [String(rows), Figure.share(evaluation.accuracy), Figure.share(evaluation.macroF1)]
        if evaluation.isMultiLabel {
            columns.append(.right("micro-F1"))
            cells.append(Figure.share(evaluation.microF1))
        }
        var summary = TextTable(columns: columns)
        summary.add(cells: cells)
        try summary.print()
        try StandardOutput.shared.line("")
        try labels.print()
        if !evaluation.isMultiLabel {
            try StandardOutput.shared.line("")
            try printConfusion()
        }
        let lines = scores.lines + (noneOfThese.map { [$0.line] } ?? [])
        if !lines.isEmpty { try StandardOutput.shared.line("") }
        for line in lines { try StandardOutput.shared.line(line) }
    }

    private var labels: TextTable {
        let isMultiLabel = evaluation.isMultiLabel
        var table = TextTable(
            columns: [.left("label"), .right("precision"), .right("recall"), .right("F1"), .right("rows")]
                + (isMultiLabel ? [.right("threshold")] : []))
        for figures in evaluation.perLabel {
            let cells = [
                figures.label, Figure.share(figures.precision), Figure.share(figures.recall), Figure.share(figures.f1),
                String(figures.support),
            ]
            table.add(cells: isMultiLabel ? cells + [Figure.share(figures.threshold)] : cells)
        }
        return table
    }

    private func printConfusion() throws(StandardOutputError) {
        if evaluation.labels.count <= Self.maximumTableLabels {
            var table = TextTable(columns: [.left("truth \\ predicted")] + evaluation.labels.map { .right($0) })
            for (label, counts) in zip(evaluation.labels, evaluation.confusionMatrix) {
                table.add(cells: [label] + counts.map(String.init))
            }
            try table.print()
        } else {
            try StandardOutput.shared.line("most frequent confusions:")
            var table = TextTable(.left("truth"), .left("predicted"), .right("rows"))
            for mistake in evaluation.mistakes.prefix(20) {
                table.add(evaluation.labels[mistake.truth], evaluation.labels[mistake.predicted], String(mistake.rows))
            }
            try table.print()
        }
    }
}

extension NoneOfTheseFigures {
    fileprivate var json: JSONValue {
        .object([
            ("threshold", .number(threshold)), ("coverage", .number(coverage)), ("accuracy", .optional(accuracy)),
            ("false_alarms", .optional(falseAlarms)), ("caught", .optional(caught)),
        ])
    }

    fileprivate var line: String {
        let shares = [
            ("coverage", coverage), ("accuracy", accuracy), ("false alarms", falseAlarms),
            ("unknown labels caught", caught),
        ].compactMap { name, share in share.map { "\(name) \(Figure.share($0))" } }
        return "none of these beyond distance \(Figure.decimal(threshold, 3)): " + shares.joined(separator: ", ")
    }
}
