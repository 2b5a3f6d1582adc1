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
            Documents and tokens count once an epoch. The last line of output is JSON;
            sgemm_fraction counts no product that the mathematics does not need: no gradient
            of frozen weights, nothing backward below the lowest adapter.

            EXAMPLES
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --limit 2000 --epochs 2 --layers 3-5
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        help: ArgumentHelp(
            "Rows to train on: .tsv (label<TAB>text), .csv, .jsonl or .json; -: standard input.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var train: String

    @OptionGroup var formatOptions: RowFormatOptions

    @Option(help: ArgumentHelp("Only the first so many rows.", valueName: "n"))
    var limit: Int?

    @OptionGroup var training: TrainingOptions

    func validate() throws {
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let settings = try training.settings(for: base)
        var rows = try LabelledFile.read(
            path: train, minimumLabels: 2, options: formatOptions.options(isMultiLabel: false))
        if let limit { rows = Array(rows.prefix(limit)) }
        let lengths = rows.map { max(tokenizer.encode($0.text, maxTokens: settings.maxTokens).count, 1) }
        let tokens = lengths.reduce(0, +)
        let workers = training.workerOptions.count
        let work = LinearWork(base: base.configuration)
        let shapes = work.shapes(
            rows: max(1, tokens * settings.batchSize / max(rows.count, 1) / workers), backward: true)

        let rateBefore = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)
        let display = TrainingDisplay(json: true)
        let candidate = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
            .train(rows, validation: [], progress: display.show, isCancelled: { false })
        display.clear()
        let rateAfter = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)

        let epochs = candidate.epochs.count
        let figures = BenchmarkFigures(
            name: "train", documents: rows.count * epochs, tokens: tokens * epochs,
            seconds: candidate.epochs.reduce(0) { $0 + $1.seconds },
            linearOperations: operations(work, candidate.adapter, tokens: tokens, texts: rows.count, epochs: epochs),
            workers: workers, sgemmRate: (rateBefore + rateAfter) / 2)
        try StandardOutput.shared.line(figures.json.text)
    }

    /// Frozen layers below the lowest adapter are needed once, the others forward and backward in each epoch.
    private func operations(_ work: LinearWork, _ adapter: Adapter, tokens: Int, texts: Int, epochs: Int) -> Double {
        let lowest = adapter.lowestLayer
        let frozen = work.forward(layers: 0..<lowest, tokens: tokens, texts: texts)
        let forward = work.forward(layers: lowest..<work.base.layers, tokens: tokens, texts: texts)
        let backward = work.backward(lowest: lowest, tokens: tokens, texts: texts)
        let pairs = 3 * work.adapter(adapter.manifest.configuration, tokens: tokens)
        return frozen + Double(epochs) * (forward + backward + pairs)
    }
}
