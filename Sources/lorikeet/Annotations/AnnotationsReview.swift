import ArgumentParser
import BERT
import JSON
import Operations
import Reports
import Training

/// `lorikeet annotations review`.
struct AnnotationsReview: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "List labelled rows whose label is probably wrong.",
        discussion: """
            Five linear heads over the frozen base, each trained on four fifths of the
            rows, give probabilities for the others. Rows are listed whose label
            contradicts them, the most suspect first (confident learning). No adapter is
            used or changed. To correct a row, add an annotation of the same text: the
            newest one counts.

            Reviews lorikeet.annotations, or a file with --input and --base.

            EXAMPLES
              lorikeet annotations review section --pipeline pipelines/packages.yaml
              lorikeet annotations review --input train.tsv \\
                  --base models/all-MiniLM-L6-v2 --count 200 --format json
            """)

    @Argument(help: ArgumentHelp("The task; none with --input.", valueName: "task"))
    var task: String?

    @Option(pipeline: "The pipeline file. It names database, base and labels.")
    var pipeline: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Review these labelled rows instead: .tsv, .csv, .jsonl or .json.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var input: [String] = []

    @Option(help: ArgumentHelp("The base, for --input.", valueName: "dir"), completion: .directory)
    var base: String?

    @Option(help: BaseOptions.dtypeHelp(" For --input. Default: float32.")) var dtype: BasePrecision?

    @Flag(help: "The rows of --input have sets of labels.")
    var multiLabel = false

    @OptionGroup var formatOptions: ReviewFormatOptions

    @Option(name: .customLong("format"), help: "Format: text (a table) or json (one object per line).")
    var outputFormat = Format.text

    @Option(help: ArgumentHelp("Maximum number of rows.", valueName: "n"))
    var count = 100

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count must be at least 1") }
        if input.isEmpty {
            guard task != nil, pipeline != nil, base == nil else {
                throw ValidationError("give TASK and --pipeline FILE, or --input FILE and --base DIR")
            }
            guard dtype == nil else {
                throw ValidationError("--dtype is for --input; the pipeline file has dtype")
            }
            guard length.maxTokens == nil else {
                throw ValidationError("--max-tokens is for --input; the pipeline file has batch.max_tokens")
            }
        } else {
            guard task == nil, pipeline == nil, base != nil else {
                throw ValidationError("--input takes --base, and neither TASK nor --pipeline")
            }
        }
    }

    func run() async throws {
        let bar = ProgressBar("features", unit: "texts")
        defer { bar.clear() }
        let result = try await review { bar.update($0, of: $1) }
        bar.clear()
        note(result)
        outputFormat == .json ? try printObjects(result) : try printTable(result)
    }

    private func review(
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> AnnotationReviewOperation.Result {
        if let task, let pipeline {
            return try await AnnotationReviewOperation.run(
                try AnnotationScope(task: task, file: pipeline), count: count, workers: workerOptions.count,
                progress: progress)
        }
        let rows = try LabelledFile.collect(paths: input, options: formatOptions.options(isMultiLabel: multiLabel))
        let loaded = try LoadedBase(BaseFolder(base ?? "", precision: dtype ?? .float32))
        let encoder = FeatureEncoder(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: workerOptions.count,
            maxTokens: try length.checked(against: loaded.base))
        return try AnnotationReviewOperation.run(
            rows, encoder: encoder, count: count, workers: workerOptions.count, progress: progress)
    }

    private func note(_ result: AnnotationReviewOperation.Result) {
        StandardError.write("\(result.suspects) of \(result.reviewedRows) rows are suspect")
        if result.unjudgedRows > 0 {
            StandardError.write("\(result.unjudgedRows) rows have a label that occurs too rarely to be reviewed")
        }
        if result.unusableRows > 0 {
            StandardError.write("\(result.unusableRows) rows have labels that the task does not have")
        }
    }

    private func printTable(_ result: AnnotationReviewOperation.Result) throws {
        if result.rows.isEmpty { return }
        var table = TextTable(
            .right("row"), .left("label"), .left("suggested"), .right("probability"), .left("text"))
        for row in result.rows {
            table.add(
                String(row.id), row.row.labels.joined(separator: ", "), row.suggested.joined(separator: ", "),
                Figure.decimal(row.suspect.probability, 3), row.row.text.onOneLine)
        }
        try table.print()
    }

    private func printObjects(_ result: AnnotationReviewOperation.Result) throws {
        func labels(_ labels: [String]) -> JSONValue {
            result.isMultiLabel ? .array(labels.map { .string($0) }) : .string(labels.first ?? "")
        }
        for row in result.rows {
            let members: [(key: String, value: JSONValue)] = [
                ("id", .integer(Int(row.id))), ("label", labels(row.row.labels)),
                ("suggested", labels(row.suggested)), ("probability", .float(Float(row.suspect.probability))),
                ("margin", .float(Float(row.suspect.margin))), ("text", .string(row.row.text)),
            ]
            try StandardOutput.shared.line(JSONValue.object(members).text)
        }
    }
}

extension AnnotationsReview {
    /// How the rows of `annotations review --input` are read. `--format` is that of the output there.
    struct ReviewFormatOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Format of standard input and of files with other endings: tsv, csv, jsonl or json.",
                valueName: "format"))
        var inputFormat = RowFormat.tsv

        @OptionGroup var columns: RowColumnOptions

        func options(isMultiLabel: Bool) -> RowOptions {
            columns.options(format: inputFormat, isMultiLabel: isMultiLabel)
        }
    }
}
