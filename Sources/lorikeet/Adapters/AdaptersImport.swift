import ArgumentParser
import BERT
import Operations
import Reports

/// `lorikeet adapters import TASK DIR`.
struct AdaptersImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Publish an adapter folder in the adapter store.",
        discussion: """
            The folder was written by `lorikeet train` or by PEFT. The adapter becomes the
            next version of the task: a candidate, or live with --promote. Importing the
            same adapter again adds no version.

            EXAMPLES
              lorikeet adapters import section adapters/section \\
                  --pipeline pipelines/packages.yaml --promote
              lorikeet adapters import section adapters/section \\
                  --base models/all-MiniLM-L6-v2 --evaluate test.tsv
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The adapter folder, in PEFT's format.", valueName: "dir"), completion: .directory)
    var directory: String

    @Flag(help: "Make it the live version at once.")
    var promote = false

    @Option(
        help: ArgumentHelp("Evaluate it on these labelled rows and store the metrics with it.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var evaluate: String?

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var baseOption: RegistryBaseOption
    @Option(
        help: BaseOptions.dtypeHelp(
            " With --evaluate, what it costs is measured; if that is too much, --promote fails. Default: that of "
                + "--pipeline (under auto, what a daemon would choose now), else float32."))
    var dtype: BasePrecision?
    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let version = try await AdapterImport(
            task: task, directory: directory, labels: labelOptions.names, base: baseOption.base, dtype: dtype,
            promote: promote, evaluate: evaluate, rowOptions: formatOptions.options(isMultiLabel: false),
            workers: WorkerOptions.defaultCount, database: databaseOptions.source
        ).run { StandardError.write($0) }
        try version.print(json: output.json, sentence: "is \(version.state.rawValue)")
    }
}
