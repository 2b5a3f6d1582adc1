import ArgumentParser
import BERT
import Training

/// `lorikeet evaluate`: an adapter on a labelled file.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure an adapter on a file of labelled rows.",
        discussion: """
            Prints accuracy, macro-F1, a table by label and the confusion of labels.

            EXAMPLES
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv
              lorikeet evaluate --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --json | jq .macro_f1
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(help: ArgumentHelp("The adapter, in PEFT's format.", valueName: "dir"), completion: .directory)
    var adapter: String

    @Option(
        help: ArgumentHelp("Labelled rows: .tsv (label<TAB>text) or .jsonl; - or nothing: standard input, as .tsv.", valueName: "file"),
        completion: .file(extensions: ["tsv", "jsonl"]))
    var input = "-"

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let adapter = try AdapterFolder.load(adapter, base: base)
        let rows = try LabelledFile.read(path: input)
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workerOptions.count, maxTokens: maxTokens)
        let progress = ProgressBar("evaluating", unit: "texts")
        var predicted: [String] = []
        while predicted.count < rows.count {
            let texts = rows[predicted.count...].prefix(InputOptions.batchSize).map(\.text)
            predicted += evaluator.predictions(texts: texts, adapter: adapter).map(\.label)
            progress.update(predicted.count, of: rows.count)
        }
        progress.clear()
        let evaluation = Evaluation(truth: rows.map(\.label), predicted: predicted, labels: adapter.labels)
        let report = EvaluationReport(rows: rows.count, evaluation: evaluation)
        if output.json {
            try StandardOutput.shared.line(report.json.text)
        } else {
            try report.print()
        }
    }
}
