import ArgumentParser
import BERT
import Lab
import Operations
import Reports
import Training

/// `lorikeet benchmark drift`: false alarms, and texts until an alarm.
struct BenchmarkDrift: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Measure drift detection: false alarms, and texts until an alarm.",
        discussion: """
            Shuffles labelled texts. The first 2,500 become the drift reference; the next
            ones must not alarm. Then, for each label in turn, the texts shift to those of
            that label. Prints one line of JSON per run, with the number of texts until the
            alarm. With --live-dtype, it shows whether a change of the type alarms.

            EXAMPLES
              lorikeet benchmark drift --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/topic --input train.tsv
              lorikeet benchmark drift --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/topic --input train.tsv --steady 5000 --seed 2
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        help: ArgumentHelp(
            "Type in which the base labels the texts after the reference. Default: as --dtype.", valueName: "type"))
    var liveDtype: BasePrecision?

    @Option(help: ArgumentHelp("The adapter folder, in PEFT's format.", valueName: "dir"), completion: .directory)
    var adapter: String

    @OptionGroup var rows: LabelledInputOption
    @OptionGroup var formatOptions: RowFormatOptions

    @Option(help: ArgumentHelp("How many shuffled texts must not alarm.", valueName: "n"))
    var steady = 20_000

    @Option(help: ArgumentHelp("Seed of the order of the texts.", valueName: "n"))
    var seed: UInt64 = 1

    @OptionGroup var runsOption: RunsOption

    @OptionGroup var sectionOptions: SectionOptions

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard steady >= 1 else { throw ValidationError("--steady must be at least 1") }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let adapter = try AdapterFolder.load(self.adapter, base: base)
        let options = formatOptions.options(isMultiLabel: adapter.manifest.isMultiLabel)
        let labelled = try LabelledFile.collect(paths: rows.input, options: options).rows
        let live = try liveDtype.map { try LoadedBase(BaseFolder(baseOptions.folder.path, precision: $0)).base } ?? base
        let benchmark = try DriftBenchmark(
            base: base, live: live, tokenizer: tokenizer, adapter: adapter, maxTokens: maxTokens,
            workers: workerOptions.count)
        var figures: [DriftFigures] = []
        for run in 0..<UInt64(runsOption.runs) {
            figures.append(try benchmark.run(labelled, steady: steady, seed: seed &+ run))
            if let text = figures.last?.json.text { try StandardOutput.shared.line(text) }
        }
        try sectionOptions.write(DriftFigures.section(figures, name: sectionOptions.name))
    }
}
