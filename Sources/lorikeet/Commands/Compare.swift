import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet compare`: two adapters on the same labelled rows.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two adapters on the same labelled rows.",
        discussion: """
            Prints accuracy and macro-F1 of both, McNemar's test on the rows that only one
            of them predicts correctly, and a bootstrap confidence interval of the
            difference in macro-F1. The same seed gives the same interval.

            EXAMPLES
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv \\
                  --report compare.html --json | jq .mcnemar_mid_p
            """)

    @Argument(
        help: ArgumentHelp("The adapter folder of the baseline, in PEFT's format.", valueName: "a"),
        completion: .directory)
    var first: String

    @Argument(
        help: ArgumentHelp("The adapter folder to compare with the baseline.", valueName: "b"), completion: .directory)
    var second: String

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var rows: LabelledInputOption

    @Option(help: ArgumentHelp("Bootstrap resamples for the confidence interval.", valueName: "n"))
    var resamples = 2_000

    @Option(help: ArgumentHelp("Seed of the resamples.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var reportOptions: ReportOptions
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...1_000_000).contains(resamples) else {
            throw ValidationError("--resamples must be from 1 to 1000000")
        }
    }

    func run() throws {
        try reportOptions.check()
        let operation = try CompareOperation(
            CompareOperation.Request(
                base: baseOptions.folder, first: first, second: second, labels: labelOptions.names, input: rows.input,
                rowOptions: formatOptions.options(isMultiLabel: false), maxTokens: length.maxTokens,
                workers: workerOptions.count, resamples: resamples, seed: seed))
        operation.input.note(json: output.json)
        var bar: (name: String, bar: ProgressBar)?
        let comparison = operation.run { name, done in
            if bar?.name != name {
                bar?.bar.clear()
                bar = (name, ProgressBar(name, unit: "texts"))
            }
            bar?.bar.update(done, of: operation.input.rows.count)
        }
        bar?.bar.clear()
        if output.json { try StandardOutput.shared.line(comparison.json.text) } else { try comparison.print() }
        try reportOptions.write(operation.page(comparison, showsTexts: reportOptions.reportTexts))
    }
}
