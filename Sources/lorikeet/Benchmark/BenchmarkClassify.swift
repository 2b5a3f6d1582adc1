import ArgumentParser
import BERT
import Kernels
import Lab
import Operations
import Reports

/// `lorikeet benchmark classify`: from text in memory to labels in memory.
struct BenchmarkClassify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Measure classifying: from text in memory to labels in memory.",
        discussion: """
            Tokenizing counts, loading does not. The last line of output is JSON;
            sgemm_fraction is the work of all linear layers divided by what BLAS alone
            would have done in that time, measured in the same run.

            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv \\
                  --adapters 64 --limit 5000
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv \\
                  --adapters 4 --tasks-per-text 4 --layers 3-5
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv \\
                  --profile
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: InputOptions

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp("An adapter in PEFT's format; may be given several times.", valueName: "dir"),
        completion: .directory)
    var adapterFolders: [String] = []

    @Option(
        name: .customLong("adapters"),
        help: ArgumentHelp("So many random adapters of rank 8 besides; 1 if there is no --adapter.", valueName: "n"))
    var randomAdapters: Int?

    @Option(help: ArgumentHelp("Layers of the random adapters: all, 3,4,5 or 3-5.", valueName: "layers"))
    var layers = LayerSelection.all

    @Option(help: ArgumentHelp("Classify each text by so many adapters, taken in turn.", valueName: "n"))
    var tasksPerText = 1

    @Option(help: ArgumentHelp("Only the first so many texts.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Tokens a batch.", valueName: "n"))
    var batchTokens = 512

    @Flag(help: "Print a table of where the time went, stage by stage, first.")
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
        let adapters = try adapters(over: base)
        guard tasksPerText <= adapters.count else {
            throw CommandFailure(.usage, "--tasks-per-text \(tasksPerText): there are \(adapters.count) adapters")
        }
        let texts = try input.texts(limit: limit)
        let workers = workerOptions.count
        let inference = ParallelInference(base: base, workers: workers, batchTokens: batchTokens)
        let tasks = tasksPerText
        /// Text i meets adapters i·n, i·n + 1, …: all equally often.
        let assignments: @Sendable (Int) -> [Int] = { text in (0..<tasks).map { (text * tasks + $0) % adapters.count } }
        func classify(_ count: Int, profile: ((StageProfile) -> Void)? = nil) -> [[[Float]]] {
            inference.logits(
                count: count, adapters: adapters, assignments: assignments,
                sequence: { tokenizer.encode(texts[$0], maxTokens: maxTokens) }, profile: profile)
        }

        _ = classify(min(texts.count, 256))
        let lengths = texts.map { max(tokenizer.encode($0, maxTokens: maxTokens).count, 1) }
        let work = LinearWork(base: base.configuration)
        let rows = min(batchTokens, max(1, lengths.reduce(0, +)))
        let rateBefore = SGEMMRate.measure(work.shapes(rows: rows), workers: workers, seconds: 0.5)
        var stages: StageProfile?
        let start = ContinuousClock.now
        let results = classify(texts.count, profile: profile ? { stages = $0 } : nil)
        let seconds = (ContinuousClock.now - start).inSeconds
        let rateAfter = SGEMMRate.measure(work.shapes(rows: rows), workers: workers, seconds: 0.5)
        guard results.count == texts.count else { throw CommandFailure(.failed, "the engine returned no logits") }

        let figures = BenchmarkFigures(
            name: "classify", documents: texts.count, tokens: lengths.reduce(0, +), seconds: seconds,
            linearOperations: operations(work, adapters: adapters, lengths: lengths, assignments: assignments),
            workers: workers, sgemmRate: (rateBefore + rateAfter) / 2,
            details: [("adapters", .integer(adapters.count)), ("tasks_per_text", .integer(tasks))])
        if let stages { try ProfileTable(profile: stages, wall: seconds, workers: workers).print() }
        try StandardOutput.shared.line(figures.json.text)
    }

    private func adapters(over base: BERTBase) throws -> [Adapter] {
        let named = try adapterFolders.map { try AdapterFolder.load($0, base: base) }
        let layers = try layers.layers(of: base.configuration.layers)
        let count = randomAdapters ?? (named.isEmpty ? 1 : 0)
        return try named + (0..<count).map { try RandomAdapter.make(over: base, layers: layers, seed: UInt64($0)) }
    }

    /// A text runs once through the base alone, as far as a task of its needs that; each task goes on from its adapter's lowest layer.
    private func operations(
        _ work: LinearWork, adapters: [Adapter], lengths: [Int], assignments: (Int) -> [Int]
    ) -> Double {
        let depth = work.base.layers
        return lengths.enumerated().reduce(0.0) { sum, text in
            let own = assignments(text.offset).map { adapters[$0] }
            let shared = own.map(\.lowestLayer).max() ?? depth
            let trunk = work.forward(layers: 0..<shared, tokens: text.element, texts: 1)
            return own.reduce(sum + trunk) { sum, adapter in
                sum + work.forward(layers: adapter.lowestLayer..<depth, tokens: text.element, texts: 1)
                    + work.adapter(adapter.manifest.configuration, tokens: text.element)
            }
        }
    }
}
