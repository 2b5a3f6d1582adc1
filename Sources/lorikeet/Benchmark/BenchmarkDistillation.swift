import ArgumentParser
import Lab
import Operations
import Reports
import Training

/// `lorikeet benchmark distillation`: what a challenger forgets of labels without new rows.
struct BenchmarkDistillation: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distillation",
        abstract: "Measure what a challenger forgets of labels that no new row has.",
        discussion: """
            Trains a champion on a third of the rows. Two challengers start from it and are
            trained on another third, without the rows of some labels. One of the two is
            also distilled from the champion on the texts of the last third, without their
            labels. Prints the accuracies on a test file, then a line of JSON. With
            --adapter, the champion is that adapter, and with --champion, it is trained on
            those rows; then each part is half of the rows.

            EXAMPLES
              lorikeet benchmark distillation --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --test test.tsv --epochs 8 --rate 2e-3
              lorikeet benchmark distillation --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/urgency --input rows.tsv --test test.tsv --unseen high
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: TestedRowsOptions

    @Option(
        help: ArgumentHelp("The champion, in PEFT's format. Default: train one.", valueName: "dir"),
        completion: .directory)
    var adapter: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Rows that the champion is trained on, one file or several. Default: a third of the rows.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var champion: [String] = []

    @Option(
        help: ArgumentHelp(
            "Label without new rows; repeat it for several. Default: a third of the labels.", valueName: "label"))
    var unseen: [String] = []

    @Option(help: ArgumentHelp("Use the first n rows only. Default: all.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Maximum number of texts without a label.", valueName: "n"))
    var texts = 2000

    @Option(help: ArgumentHelp("Factor of the loss on texts without a label.", valueName: "x"))
    var weight = Distillation.Settings().weight

    @Option(help: ArgumentHelp("What the logits of champion and challenger are divided by.", valueName: "x"))
    var temperature = Distillation.Settings().temperature

    @OptionGroup var sectionOptions: SectionOptions

    @OptionGroup var training: TrainingOptions

    func validate() throws {
        guard adapter == nil || champion.isEmpty else {
            throw ValidationError("give --adapter or --champion, not both")
        }
        guard limit ?? 1 >= 1 else { throw ValidationError("--limit must be at least 1") }
        guard texts >= 1 else { throw ValidationError("--texts must be at least 1") }
        guard weight > 0, weight.isFinite else { throw ValidationError("--weight must be above 0") }
        guard temperature > 0, temperature.isFinite else { throw ValidationError("--temperature must be above 0") }
    }

    func run() throws {
        let (all, measured) = try input.read()
        let loaded = try LoadedBase(baseOptions.folder)
        let given = try adapter.map { try AdapterFolder.load($0, base: loaded.base) }
        let others = champion.isEmpty ? nil : try input.read(champion, as: "champion")
        try check(all + measured, given?.labels ?? others.map { Array(Set($0.map(\.label))) })
        var settings = try training.settings(for: loaded.base, startingFrom: given)
        // The test rows must not choose an epoch.
        settings.epochSelection = .last
        // Files are often ordered by label.
        let rows = EvenSample(of: all.count, atMost: limit ?? all.count).places.map { all[$0] }
        let benchmark = DistillationBenchmark(
            rows: rows, test: measured, base: loaded,
            champion: given.map(DistillationBenchmark.Champion.adapter)
                ?? others.map(DistillationBenchmark.Champion.rows) ?? .third,
            settings: DistillationBenchmark.Settings(
                unseen: unseen.isEmpty ? nil : unseen, seeds: input.seeds, texts: texts,
                distillation: Distillation.Settings(weight: weight, temperature: temperature), training: settings))
        let runs = try benchmark.run { StandardError.write("seed \($0): \($1.rawValue)") }
        let section = benchmark.section(runs, name: sectionOptions.name)
        try sectionOptions.write(section)
        try StandardOutput.shared.line(section)
        try StandardOutput.shared.line(benchmark.summary(runs).text)
    }

    /// Refuses labels that the champion or the rows do not have.
    private func check(_ rows: [LabelledText], _ known: [String]?) throws {
        let present = Set(rows.map(\.label))
        if let unknown = unseen.first(where: { !present.contains($0) }) {
            throw CommandFailure(.failed, "no row has the label \"\(unknown)\"")
        }
        if let known, let unknown = present.subtracting(known).min() {
            throw CommandFailure(.failed, "the champion does not have the label \"\(unknown)\"")
        }
        guard present.count > 2 else { throw CommandFailure(.failed, "there are only \(present.count) labels") }
    }
}
