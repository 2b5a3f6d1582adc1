import ArgumentParser
import BERT
import Lab
import Operations
import Reports

/// `lorikeet benchmark classify`: from texts in memory to labels in memory.
struct BenchmarkClassify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Measure the engine: from texts in memory to labels in memory.",
        discussion: """
            Tokenizing counts, loading does not. The last line of output is JSON.
            sgemm_fraction is the work of all linear layers divided by the work that BLAS
            alone does in the same time, measured in the same run.

            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 \\
                  --input texts.tsv --adapters 64 --limit 5000
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 \\
                  --input texts.tsv --adapters 4 --tasks-per-text 4 --layers 3-5
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 \\
                  --input texts.tsv --profile
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: InputOptions

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp("An adapter folder in PEFT's format; repeat it for several.", valueName: "dir"),
        completion: .directory)
    var adapterFolders: [String] = []

    @Option(
        name: .customLong("adapters"),
        help: ArgumentHelp(
            "Add this many random adapters of rank 8. Default: 1 without --adapter, else 0.", valueName: "n"))
    var randomAdapters: Int?

    @Option(help: ArgumentHelp("Layers of the random adapters: all, 3,4,5 or 3-5.", valueName: "layers"))
    var layers = LayerSelection.all

    @Option(help: ArgumentHelp("How many adapters classify each text, in turn.", valueName: "n"))
    var tasksPerText = 1

    @Option(help: ArgumentHelp("Use the first n texts only.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Token budget of a batch.", valueName: "n"))
    var batchTokens = 512

    @Flag(help: "Also print a table of the time per stage.")
    var profile = false

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard randomAdapters.map({ $0 >= 0 }) ?? true else { throw ValidationError("--adapters must not be negative") }
        guard tasksPerText >= 1 else { throw ValidationError("--tasks-per-text must be at least 1") }
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
        guard batchTokens >= 1 else { throw ValidationError("--batch-tokens must be at least 1") }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let named = try adapterFolders.map { try AdapterFolder.load($0, base: base) }
        let random = randomAdapters ?? (named.isEmpty ? 1 : 0)
        guard tasksPerText <= named.count + random else {
            throw CommandFailure(.usage, "--tasks-per-text \(tasksPerText): there are \(named.count + random) adapters")
        }
        let benchmark = try ClassifyBenchmark(
            base: base, tokenizer: tokenizer, adapters: named, randomAdapters: random,
            layers: layers.layers(of: base.configuration.layers), tasksPerText: tasksPerText, batchTokens: batchTokens,
            maxTokens: maxTokens, workers: workerOptions.count)
        let (figures, stages) = try benchmark.run(input.texts(limit: limit), profiling: profile)
        try stages?.print()
        try StandardOutput.shared.line(figures.json.text)
    }
}
