import ArgumentParser
import Lab
import Operations
import Reports
import Training

/// `lorikeet benchmark queue`: how many labelled rows each order of labelling needs.
struct BenchmarkQueue: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Compare the order of annotations queue with random order and others.",
        discussion: """
            Labels the rows of a file in the order that each strategy asks for, trains a
            model after each round, and measures its accuracy on a test file. Prints a line
            per round with tabs between rows and accuracies. The last line is JSON:
            rows_of_random_order is the share of the rows of random order that a strategy
            needs for the same accuracy, after 50, 75 and 100 % of the rows.

            The model is a linear head over the base's features. --adapters trains an
            adapter per round with the settings of train, which takes hours.

            EXAMPLES
              lorikeet benchmark queue --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --test test.tsv
              lorikeet benchmark queue --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --test test.tsv --strategy queue --seeds 1 \\
                  --adapters --epochs 4
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: TestedRowsOptions

    @Option(
        help: ArgumentHelp(
            "Strategy to compare with random order: margin, badge or queue; repeat it for several. Default: all.",
            valueName: "name"))
    var strategy: [SelectionStrategy] = []

    @Option(help: ArgumentHelp("Rows labelled per round. Default: 2 % of the rows.", valueName: "n"))
    var rowsPerRound: Int?

    @Option(help: ArgumentHelp("Rows labelled at the end. Default: 40 % of the rows.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Train an adapter per round instead of a linear head.")
    var adapters = false

    @OptionGroup var sectionOptions: SectionOptions

    @Option(help: ArgumentHelp("Also draw the learning curves, as SVG.", valueName: "file"), completion: .file())
    var chart: String?

    @Option(
        help: ArgumentHelp(
            "Output of scripts/training/peft_train.py; the chart shows its accuracy as a line.",
            valueName: "file"), completion: .file())
    var peft: String?

    @OptionGroup var training: TrainingOptions

    func validate() throws {
        guard rowsPerRound ?? 1 >= 1 else { throw ValidationError("--rows-per-round must be at least 1") }
        guard limit ?? 1 >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let reference = try peft.map { try TrainingReference(path: $0) }
        let (pool, measured) = try input.read()
        let loaded = try LoadedBase(baseOptions.folder)
        var settings = try training.settings(for: loaded.base)
        // Each round is measured on the test rows, which must not choose its epoch.
        settings.epochSelection = .last
        let workers = training.workerOptions.count
        let encoding = ProgressBar("features", unit: "texts")
        let total = pool.count + measured.count
        let benchmark = QueueBenchmark(
            rows: pool, test: measured, base: loaded,
            settings: QueueBenchmark.Settings(
                strategies: strategy.isEmpty ? SelectionStrategy.allCases : strategy, seeds: input.seeds,
                batch: rowsPerRound ?? max(pool.count / 50, 1), rows: limit ?? max(pool.count * 2 / 5, 1),
                workers: workers, training: adapters ? settings : nil),
            maxTokens: settings.maxTokens, progress: { encoding.update($0, of: total) })
        encoding.clear()
        let bar = ProgressBar("labelling", unit: "rounds")
        let curves = try benchmark.run { bar.update($0, of: benchmark.rounds) }
        bar.clear()
        for line in QueueBenchmark.table(curves) { try StandardOutput.shared.line(line) }
        try StandardOutput.shared.line(benchmark.summary(curves).text)
        try writePage(benchmark, curves, reference)
    }

    /// The section refers to the chart where the page of `make benchmark-learning` has its pictures.
    private func writePage(
        _ benchmark: QueueBenchmark, _ curves: [QueueBenchmark.Curve], _ reference: TrainingReference?
    ) throws {
        let name = sectionOptions.name
        if let chart {
            try SectionOptions.replace(chart, with: benchmark.chart(curves, name: name, reference: reference))
        }
        let picture = chart.map { "images/" + ($0.split(separator: "/").last.map(String.init) ?? "") }
        try sectionOptions.write(benchmark.section(curves, name: name, chart: picture, reference: reference))
    }
}

extension SelectionStrategy: ExpressibleByArgument {}
