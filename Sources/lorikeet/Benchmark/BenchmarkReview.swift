import ArgumentParser
import Lab
import Operations
import Reports
import Training

/// `lorikeet benchmark review`: how well wrong labels are found.
struct BenchmarkReview: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Measure how well annotations review finds wrong labels.",
        discussion: """
            Gives some rows another label at random, reviews all rows, and counts how many
            of the first suspects are among them. The output is one JSON object per run.
            Labels that were already wrong count against the precision.

            EXAMPLES
              lorikeet benchmark review --base models/all-MiniLM-L6-v2 --input train.tsv
              lorikeet benchmark review --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --flip 0.05 --seed 2 | jq .precision
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var rows: LabelledInputOption
    @OptionGroup var formatOptions: RowFormatOptions

    @Option(help: ArgumentHelp("Share of the rows that get another label.", valueName: "share"))
    var flip = 0.1

    @Option(help: ArgumentHelp("Seed of the choice of rows and labels.", valueName: "n"))
    var seed: UInt64 = 1

    @OptionGroup var runsOption: RunsOption

    @OptionGroup var sectionOptions: SectionOptions

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard flip > 0 && flip <= 0.5 else { throw ValidationError("--flip must be above 0 and at most 0.5") }
    }

    func run() throws {
        let (labelled, side) = try RowsReport.measured(
            LabelledFile.collect(paths: rows.input, options: formatOptions.options(isMultiLabel: false)))
        side.lines(of: "input").forEach { StandardError.write($0) }
        let loaded = try LoadedBase(baseOptions.folder)
        let encoder = FeatureEncoder(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: workerOptions.count,
            maxTokens: try length.checked(against: loaded.base))
        let bar = ProgressBar("features", unit: "texts")
        let figures = ReviewBenchmark(encoder: encoder, flip: flip, seed: seed, workers: workerOptions.count)
            .run(labelled, runs: runsOption.runs) { bar.update($0, of: labelled.count) }
        bar.clear()
        for run in figures { try StandardOutput.shared.line(run.json.text) }
        try sectionOptions.write(ReviewFigures.section(figures, name: sectionOptions.name, flip: flip))
    }
}
