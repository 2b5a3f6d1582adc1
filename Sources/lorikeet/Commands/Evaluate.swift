import ArgumentParser
import Operations
import Reports

/// `lorikeet evaluate`: one adapter on labelled rows.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate an adapter on labelled rows.",
        discussion: """
            Prints accuracy, macro-F1, a table per label, the confusion matrix and the
            calibration error. A multi-label task gets exact match, micro-F1 and macro-F1.
            --report writes all of it to an HTML file, with charts.

            EXAMPLES
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --json | jq .macro_f1
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --none-of-these 1%
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(help: ArgumentHelp("The adapter folder, in PEFT's format.", valueName: "dir"), completion: .directory)
    var adapter: String

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var rows: LabelledInputOption
    @OptionGroup var reportOptions: ReportOptions

    @Option(
        help: ArgumentHelp(
            "Print the abstention threshold that reaches this precision on these rows, such as 0.95; "
                + "repeat it for several.",
            valueName: "share"))
    var precision: [Double] = []

    @OptionGroup var noneOfTheseOption: NoneOfTheseOption
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var longTextsOption: LongTextsOption
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard precision.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw ValidationError("--precision must be above 0 and at most 1")
        }
    }

    func run() throws {
        try reportOptions.check()
        var request = EvaluateOperation.Request(
            base: baseOptions.folder, adapter: adapter, labels: labelOptions.names, input: rows.input,
            rowOptions: formatOptions.options(isMultiLabel: false), maxTokens: length.maxTokens,
            workers: workerOptions.count, precisions: precision, noneOfThese: noneOfTheseOption.noneOfThese)
        request.longTexts = longTextsOption.choice
        let operation = try EvaluateOperation(request)
        operation.input.note(json: output.json)
        let bar = ProgressBar("evaluating", unit: "texts")
        let result = operation.run { bar.update($0, of: operation.input.rows.count) }
        bar.clear()
        let text = EvaluationOutput(
            rows: operation.input.rows.count, dtype: baseOptions.dtype.description, evaluation: result.evaluation,
            scores: ScoreOutput(
                calibration: result.calibration, coverage: result.coverage, thresholds: result.thresholds),
            input: operation.input.side, noneOfThese: result.noneOfThese)
        if output.json { try StandardOutput.shared.line(text.json.text) } else { try text.print() }
        try reportOptions.write(operation.page(result, showsTexts: reportOptions.reportTexts))
    }
}

extension EvaluationInput {
    /// Writes what was found in the rows to standard error.
    ///
    /// - Parameter json: whether standard output has the findings already.
    func note(json: Bool) {
        if !json { findings.forEach { StandardError.write($0) } }
        if let hint { StandardError.write(hint) }
    }
}
