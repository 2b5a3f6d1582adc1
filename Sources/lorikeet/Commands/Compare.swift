import ArgumentParser
import Foundation
import Operations
import Reports
import Training

/// `lorikeet compare`: two adapters on the same labelled file, and whether chance explains the difference.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two adapters on a file of labelled rows.",
        discussion: """
            Accuracy and macro-F1 of both, McNemar's test on the rows that only one of them
            answers right, and the interval that the difference of macro-F1 has over samples
            of the rows. The same seed gives the same interval.

            EXAMPLES
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv
              lorikeet compare adapters/old adapters/new --report compare.html \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv --json | jq .mcnemar_mid_p
            """)

    @Argument(
        help: ArgumentHelp("The adapter to compare with, in PEFT's format.", valueName: "a"), completion: .directory)
    var first: String

    @Argument(help: ArgumentHelp("The adapter that may be better.", valueName: "b"), completion: .directory)
    var second: String

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var labelOptions: LabelOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Labelled rows: .tsv (label<TAB>text), .csv, .jsonl or .json, one or several; - or nothing: standard input.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var input: [String] = ["-"]

    @Option(help: ArgumentHelp("Samples of the rows that the interval is made from.", valueName: "n"))
    var resamples = 2_000

    @Option(help: ArgumentHelp("Decides the samples.", valueName: "n"))
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
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let adapters = try AdapterFolder.load(first, second, base: base, naming: labelOptions.names)
        let options = formatOptions.options(isMultiLabel: adapters[0].manifest.isMultiLabel)
        guard adapters[1].manifest.isMultiLabel == options.isMultiLabel else {
            throw CommandFailure(
                .failed, "one of the adapters gives a text one label, the other a set: they cannot be compared")
        }
        let (rows, side) = try RowsReport.measured(
            try LabelledFile.collect(paths: input, options: options),
            known: Set(adapters[0].labels).intersection(adapters[1].labels))
        if !output.json { for line in side.lines(of: "input") { StandardError.write(line) } }
        if let hint = LabelOptions.hint(adapters, side) { StandardError.write(hint) }
        let names = Self.names(first, second)
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workerOptions.count, maxTokens: maxTokens)
        let sides = zip(names, adapters).map { name, adapter in
            let predictions = evaluator.predictions(rows, adapter: adapter, title: name)
            let evaluation = Evaluation(rows: rows, predictions: predictions, adapter: adapter)
            return AdapterComparison.Side(
                name: name, adapter: adapter, evaluation: evaluation, predictions: predictions)
        }
        let test = PairedComparison(
            truth: rows.map(\.labels), first: sides[0].predictions.map(\.labels),
            second: sides[1].predictions.map(\.labels),
            resamples: resamples, seed: seed)
        let comparison = AdapterComparison(first: sides[0], second: sides[1], rows: rows, test: test)
        if output.json { try StandardOutput.shared.line(comparison.json.text) } else { try comparison.print() }
        try reportOptions.write(
            ComparisonPage(comparison: comparison, input: side, showsTexts: reportOptions.reportTexts).page)
    }

    /// The folders' names, as far up as it takes to tell them apart.
    static func names(_ first: String, _ second: String) -> [String] {
        let parts = [first, second].map {
            URL(fileURLWithPath: $0).standardizedFileURL.pathComponents.filter { $0 != "/" }
        }
        for count in 1...max(parts[0].count, parts[1].count, 1) {
            let names = parts.map { $0.suffix(count).joined(separator: "/") }
            if names[0] != names[1] { return names }
        }
        return ["A", "B"]
    }
}
