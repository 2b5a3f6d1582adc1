import ArgumentParser
import BERT
import Reports
import Training

/// `lorikeet evaluate`: an adapter on a labelled file.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure an adapter on a file of labelled rows.",
        discussion: """
            Prints accuracy, macro-F1, a table by label, the confusion of labels and how well
            scores say how often they are right. An adapter of a multi-label task is measured
            by exact sets, micro- and macro-F1; --report draws all of it, in one HTML file.

            EXAMPLES
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --json | jq .macro_f1
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(help: ArgumentHelp("The adapter, in PEFT's format.", valueName: "dir"), completion: .directory)
    var adapter: String

    @OptionGroup var labelOptions: LabelOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Labelled rows: .tsv (label<TAB>text), .csv, .jsonl or .json, one or several; - or nothing: standard input.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var input: [String] = ["-"]

    @OptionGroup var reportOptions: ReportOptions

    @Option(
        help: ArgumentHelp(
            "Say below which score to abstain so that this share of labels is right, on these rows.", valueName: "share"
        ))
    var precision: [Double] = []

    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard precision.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw ValidationError("--precision must be above 0 and at most 1")
        }
    }

    func run() throws {
        try reportOptions.check()
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let folder = adapter
        let adapter = try AdapterFolder.load(folder, base: base, naming: labelOptions.names)
        let options = formatOptions.options(isMultiLabel: adapter.manifest.isMultiLabel)
        let (rows, side) = try RowsReport.measured(
            try LabelledFile.collect(paths: input, options: options), known: Set(adapter.labels))
        if !output.json { for line in side.lines(of: "input") { StandardError.write(line) } }
        if let hint = LabelOptions.hint([adapter], side) { StandardError.write(hint) }
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workerOptions.count, maxTokens: maxTokens)
        let started = ContinuousClock.now
        let predictions = evaluator.predictions(rows, adapter: adapter, title: "evaluating")
        let seconds = (ContinuousClock.now - started).inSeconds
        let evaluation = Evaluation(rows: rows, predictions: predictions, adapter: adapter)
        let report = EvaluationReport(
            rows: rows.count, evaluation: evaluation,
            scores: ScoreSummary(
                calibration: Calibration(rows: rows, predictions: predictions, adapter: adapter),
                coverage: CoverageCurve(rows: rows, predictions: predictions),
                wanted: precision.map { ($0, AbstentionThreshold(precision: $0, rows: rows, predictions: predictions)) }
            ),
            input: side)
        if output.json {
            try StandardOutput.shared.line(report.json.text)
        } else {
            try report.print()
        }
        try reportOptions.write(
            EvaluationPage(
                name: adapter.manifest.task ?? AdapterFolder.name(folder), adapter: adapter, base: base, rows: rows,
                input: side,
                predictions: predictions, evaluation: evaluation, seconds: seconds, precisions: precision,
                showsTexts: reportOptions.reportTexts
            ).page)
    }
}
