import ArgumentParser
import Lab
import Reports

/// `lorikeet benchmark swaps`: what a swap of an adapter costs the batches, and the other way round.
struct BenchmarkSwaps: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swaps",
        abstract: "Measure swaps of adapters while all workers classify.",
        discussion: """
            Swaps random adapters at random moments. Prints one JSON object: the median
            time of a batch, the longest wait of a worker for its adapters, the longest
            swap, the longest time until all workers used the new adapter, and the resident
            memory before and after.

            EXAMPLES
              lorikeet benchmark swaps --base models/all-MiniLM-L6-v2 --input texts.tsv
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: InputOptions

    @Option(help: ArgumentHelp("Number of live adapters.", valueName: "n"))
    var adapters = 100

    @Option(help: ArgumentHelp("Number of swaps.", valueName: "n"))
    var swaps = 500

    @Option(help: ArgumentHelp("Seed for moments and weights.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Use the first n texts only.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Token budget of a batch.", valueName: "n"))
    var batchTokens = 512

    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard adapters >= 1 else { throw ValidationError("--adapters must be at least 1") }
        guard swaps >= 1 else { throw ValidationError("--swaps must be at least 1") }
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
        guard batchTokens >= 1 else { throw ValidationError("--batch-tokens must be at least 1") }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let benchmark = SwapBenchmark(
            base: base, tokenizer: tokenizer, texts: try input.texts(limit: limit),
            maxTokens: try length.checked(against: base), adapters: adapters, swaps: swaps,
            workers: workerOptions.count, batchTokens: batchTokens, seed: seed)
        try StandardOutput.shared.line(try benchmark.run().text)
    }
}
