import ArgumentParser
import BERT
import Operations
import Reports
import Training
import WordPiece

/// `lorikeet adapters import TASK DIR`.
struct AdaptersImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put an adapter from a folder into the registry.",
        discussion: """
            The folder is what `lorikeet train` or PEFT wrote. It becomes the task's next
            version, a candidate, unless --promote makes it live. The same adapter twice is
            one version.

            EXAMPLES
              lorikeet adapters import section adapters/section \\
                  --pipeline pipelines/packages.yaml --promote
              lorikeet adapters import section adapters/section \\
                  --base models/all-MiniLM-L6-v2 --evaluate test.tsv
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The adapter, in PEFT's format.", valueName: "dir"), completion: .directory)
    var directory: String

    @Flag(help: "Make it live at once.")
    var promote = false

    @Option(
        help: ArgumentHelp(
            "Measure it on these labelled rows; the figures are kept with the version.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var evaluate: String?

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var baseOptions: RegistryBaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let base = try baseOptions.load(registry.databaseOptions)
        let adapter = try namedAdapter(base: base)
        let metrics = try metrics(of: adapter, base: base)
        let version = try await registry.withStore { store in
            let version = try await store.publish(task: task, adapter: adapter, metrics: metrics, parentDigest: nil)
            return promote ? try await store.promote(task: task, version: version.version) : version
        }
        try VersionReport.print(
            version, json: output.json, sentence: "\(VersionReport.name(version)) is \(version.state.rawValue)")
    }

    /// The adapter, its labels named by `--labels` and the pipeline where the folder does not name them.
    ///
    /// One that the pipeline could not use must not become live for it.
    private func namedAdapter(base: BERTBase) throws -> Adapter {
        guard let configuration = try registry.databaseOptions.configuration() else {
            return try AdapterFolder.load(directory, base: base, naming: labelOptions.names)
        }
        guard let wanted = configuration.task(task) else {
            throw CommandFailure(.configuration, "\(configuration.file): there is no task \(task)")
        }
        let place = "\(configuration.file):\(wanted.line): tasks.\(task)"
        let adapter: Adapter
        do throws(AdapterError) {
            adapter = try Adapter.load(
                directory: directory, base: base, names: [labelOptions.names, wanted.labelNames])
        } catch .invalidLabels(let reason) {
            throw CommandFailure(.configuration, "\(place): \(reason) (adapter \(directory))")
        } catch {
            throw AdapterFolder.failure(error, directory)
        }
        try AdapterFolder.require(labelOptions.names, of: adapter, directory)
        if let mismatch = wanted.form.mismatch(adapter.manifest) {
            throw CommandFailure(.configuration, "\(place): \(mismatch)")
        }
        return adapter
    }

    private func metrics(of adapter: Adapter, base: BERTBase) throws -> [String: Double] {
        guard let evaluate else { return [:] }
        let folder = try baseOptions.base ?? registry.databaseOptions.configuration()?.base ?? ""
        let evaluator = Evaluator(
            base: base, tokenizer: try WordPieceTokenizer(directory: folder), workers: WorkerOptions.defaultCount,
            maxTokens: min(adapter.manifest.maxTokens ?? 256, base.configuration.positions))
        let options = formatOptions.options(isMultiLabel: adapter.manifest.isMultiLabel)
        let (rows, side) = try RowsReport.measured(
            try LabelledFile.collect(paths: [evaluate], options: options), known: Set(adapter.labels))
        for line in side.lines(of: "input") { StandardError.write(line) }
        if let hint = LabelOptions.hint([adapter], side) { StandardError.write(hint) }
        return evaluator.evaluate(rows, adapter: adapter).metrics
    }
}
