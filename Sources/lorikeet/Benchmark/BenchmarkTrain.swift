import ArgumentParser
import BERT
import Lab
import Reports
import Training

/// `lorikeet benchmark train`: the speed of training, without evaluation.
struct BenchmarkTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Measure training: the steps of all epochs, without evaluation.",
        discussion: """
            Texts and tokens count once per epoch. The last line of output is JSON.
            sgemm_fraction counts only the products that the mathematics needs: no gradient
            of frozen weights, no backward pass below the lowest adapter.

            EXAMPLES
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --limit 2000 --epochs 2 --layers 3-5
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        help: ArgumentHelp(
            "Training rows: .tsv (label<TAB>text), .csv, .jsonl or .json; -: standard input.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var train: String

    @OptionGroup var formatOptions: RowFormatOptions

    @Option(help: ArgumentHelp("Use the first n rows only.", valueName: "n"))
    var limit: Int?

    @OptionGroup var training: TrainingOptions

    func validate() throws {
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let settings = try training.settings(for: base)
        let rows = try LabelledFile.read(
            path: train, minimumLabels: 2, options: formatOptions.options(isMultiLabel: false))
        let benchmark = TrainBenchmark(
            base: base, tokenizer: tokenizer, settings: settings, workers: training.workerOptions.count)
        let display = TrainingDisplay(json: true)
        let figures = try benchmark.run(limit.map { Array(rows.prefix($0)) } ?? rows, progress: display.show)
        display.clear()
        try StandardOutput.shared.line(figures.json.text)
    }
}
