import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet compare`: two adapters, or two precisions of the base, on the same labelled rows.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two adapters, or two precisions of the base, on the same labelled rows.",
        discussion: """
            Prints accuracy and macro-F1 of both, McNemar's test on the rows that only one
            of them predicts correctly, and a bootstrap confidence interval of the
            difference in macro-F1. The same seed gives the same interval.

            With two types in --dtype, the adapters of --adapter are compared with
            themselves: over the base in the first type and in the second. The output also
            has the labels that change, the label whose recall falls most, the largest
            change of a probability and the ratio of speeds.

            EXAMPLES
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv \\
                  --report compare.html --json | jq .mcnemar_mid_p
              lorikeet compare --dtype float32,int8 --adapter adapters/section \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv
            """)

    @Argument(
        help: ArgumentHelp("The adapter folder of the baseline, in PEFT's format.", valueName: "a"),
        completion: .directory)
    var first: String?

    @Argument(
        help: ArgumentHelp("The adapter folder to compare with the baseline.", valueName: "b"), completion: .directory)
    var second: String?

    @OptionGroup var baseOptions: ComparedBaseOptions

    @Option(
        help: ArgumentHelp(
            "With two types in --dtype: the adapter folder; repeat it for several.", valueName: "dir"),
        completion: .directory)
    var adapter: [String] = []

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var rows: LabelledInputOption

    @Option(help: ArgumentHelp("Bootstrap resamples for the confidence interval.", valueName: "n"))
    var resamples = 2_000

    @Option(help: ArgumentHelp("Seed of the resamples.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var reportOptions: ReportOptions
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var longTextsOption: LongTextsOption
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...1_000_000).contains(resamples) else {
            throw ValidationError("--resamples must be from 1 to 1000000")
        }
        guard baseOptions.dtype.all.count == 2 else {
            guard adapter.isEmpty else {
                throw ValidationError("--adapter is for two types, such as --dtype float32,int8; else give A and B")
            }
            guard first != nil, second != nil else { throw ValidationError("give two adapter folders to compare") }
            return
        }
        guard first == nil else {
            throw ValidationError("with two types in --dtype, give the adapter with --adapter")
        }
        guard !adapter.isEmpty else { throw ValidationError("two types in --dtype need --adapter") }
    }

    func run() throws {
        try reportOptions.check()
        let folders = baseOptions.folders
        if folders.count == 2 {
            try comparePrecisions(folders[0], folders[1])
        } else if let first, let second {
            try compareAdapters(folders[0], first, second)
        }
    }

    private var request: ComparisonRequest {
        ComparisonRequest(
            labels: labelOptions.names, input: rows.input, rowOptions: formatOptions.options(isMultiLabel: false),
            maxTokens: length.maxTokens, longTexts: longTextsOption.choice, workers: workerOptions.count,
            resamples: resamples, seed: seed)
    }

    private func compareAdapters(_ base: BaseFolder, _ first: String, _ second: String) throws {
        let operation = try CompareOperation(first, second, over: base, request)
        operation.input.note(json: output.json)
        let comparison = withProgress(of: operation.input) { operation.run(progress: $0) }
        if output.json { try StandardOutput.shared.line(comparison.json.text) } else { try comparison.print() }
        try reportOptions.write(operation.page(comparison, showsTexts: reportOptions.reportTexts))
    }

    private func comparePrecisions(_ first: BaseFolder, _ second: BaseFolder) throws {
        let operation = try ComparePrecisionOperation(adapter, over: first, second, request)
        operation.input.note(json: output.json)
        let comparisons = try withProgress(of: operation.input) { try operation.run(progress: $0) }
        if output.json {
            try StandardOutput.shared.line(PrecisionComparison.json(comparisons).text)
        } else {
            try PrecisionComparison.print(comparisons)
        }
        try reportOptions.write(operation.page(comparisons, showsTexts: reportOptions.reportTexts))
    }

    /// Shows a progress bar per adapter.
    private func withProgress<Result>(
        of input: EvaluationInput, _ body: ((String, Int) -> Void) throws -> Result
    ) rethrows -> Result {
        var bar: (name: String, bar: ProgressBar)?
        defer { bar?.bar.clear() }
        return try body { name, done in
            if bar?.name != name {
                bar?.bar.clear()
                bar = (name, ProgressBar(name, unit: "texts"))
            }
            bar?.bar.update(done, of: input.rows.count)
        }
    }
}
