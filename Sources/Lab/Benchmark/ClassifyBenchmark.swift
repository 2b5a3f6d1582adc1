import BERT
import JSON
import Kernels
import Threading
import WordPiece

/// Measures the engine from texts in memory to logits in memory. Tokenizing counts, loading does not.
public struct ClassifyBenchmark {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private let adapters: [Adapter]
    private let tasksPerText: Int
    private let batchTokens: Int
    private let maxTokens: Int
    private let workers: Int

    /// - Parameters:
    ///   - adapters: adapters to classify with, besides random ones.
    ///   - randomAdapters: how many adapters with random weights are added.
    ///   - layers: the layers of the random adapters; nil for all.
    ///   - tasksPerText: how many adapters classify each text; at most as many as there are.
    ///   - batchTokens: the token budget of a batch.
    ///   - maxTokens: longer texts are truncated.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, adapters: [Adapter], randomAdapters: Int, layers: [Int]?,
        tasksPerText: Int, batchTokens: Int, maxTokens: Int, workers: Int
    ) throws(AdapterError) {
        (self.base, self.tokenizer, self.tasksPerText) = (base, tokenizer, tasksPerText)
        (self.batchTokens, self.maxTokens, self.workers) = (batchTokens, maxTokens, workers)
        var all = adapters
        for seed in 0..<randomAdapters {
            all.append(try RandomAdapter.make(over: base, layers: layers, seed: UInt64(seed)))
        }
        self.adapters = all
    }

    /// Classifies the texts once, after a warm-up.
    ///
    /// - Parameter profiling: whether the time per stage is measured too.
    /// - Returns: the figures, and the time per stage if it was asked for.
    public func run(
        _ texts: [String], profiling: Bool = false
    ) throws -> (figures: EngineFigures, profile: ProfileTable?) {
        let lengths = texts.map { max(tokenizer.encode($0, maxTokens: maxTokens).count, 1) }
        let work = LinearWork(base: base.configuration)
        let shapes = work.shapes(rows: min(batchTokens, max(1, lengths.reduce(0, +))))
        let inference = ParallelInference(base: base, workers: workers, batchTokens: batchTokens)
        _ = classify(Array(texts.prefix(256)), with: inference)

        var profile: StageProfile?
        let rateBefore = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)
        let isInteger = base.precision.dataType == .int8
        let mixRate = isInteger ? integerMixRate(seconds: 0.5) : 0
        let start = ContinuousClock.now
        let results = classify(texts, with: inference, profile: profiling || isInteger ? { profile = $0 } : nil)
        let seconds = (ContinuousClock.now - start).inSeconds
        let rateAfter = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)
        guard results.count == texts.count else { throw LabError("the engine returned no logits") }

        let figures = EngineFigures(
            name: "classify", documents: texts.count, tokens: lengths.reduce(0, +), seconds: seconds,
            linearOperations: operations(work, lengths: lengths), workers: workers, base: base,
            sgemmRate: (rateBefore + rateAfter) / 2,
            details: [
                ("adapters", .integer(adapters.count)), ("tasks_per_text", .integer(tasksPerText)),
            ] + (profile.map { integerDetails($0, mixRate: mixRate) } ?? []))
        let table = profile.map { ProfileTable(profile: $0, seconds: seconds, workers: workers) }
        return (figures, profiling ? table : nil)
    }

    /// How close the integer products come to their instructions alone.
    private func integerDetails(_ profile: StageProfile, mixRate: Double) -> [(key: String, value: JSONValue)] {
        guard mixRate > 0 else { return [] }
        return [
            ("integer_instructions", .string(IntegerInstructions.best.name)),
            ("integer_mix_fraction", .rounded(productRate(profile) / mixRate, 4)),
            ("integer_mix_gigaops_per_worker", .rounded(mixRate / 1e9, 1)),
        ]
    }

    /// The mean rate of one worker at the instructions of an integer product with nothing else around them, in
    /// operations per second, while all workers run; 0 if it is not known for this CPU.
    private func integerMixRate(seconds: Double) -> Double {
        WorkerRate.measure(workers: workers, name: "integer-mix", seconds: seconds) {
            { IntegerInstructions.best.runAlone(rounds: 100_000) }
        }
    }

    /// The rate of the products in a profile, in operations per second of one worker.
    private func productRate(_ profile: StageProfile) -> Double {
        let products = StageProfile.Stage.allCases.filter { profile.operations($0) > 0 }
        let seconds = products.reduce(0) { $0 + profile.seconds($1) }
        return seconds > 0 ? products.reduce(0) { $0 + profile.operations($1) } / seconds : 0
    }

    private func classify(
        _ texts: [String], with inference: ParallelInference, profile: ((StageProfile) -> Void)? = nil
    ) -> [[[Float]]] {
        let (tokenizer, maxTokens) = (tokenizer, maxTokens)
        return inference.logits(
            count: texts.count, adapters: adapters, assignments: assignments,
            sequence: { tokenizer.encode(texts[$0], maxTokens: maxTokens) }, profile: profile)
    }

    /// The adapters of a text: number i takes adapters i·n, i·n + 1, …, so that all are used equally often.
    private var assignments: @Sendable (Int) -> [Int] {
        let (tasks, count) = (tasksPerText, adapters.count)
        return { text in (0..<tasks).map { (text * tasks + $0) % count } }
    }

    /// A text runs once through the layers below the lowest adapted layer of its tasks, then once per task.
    private func operations(_ work: LinearWork, lengths: [Int]) -> Double {
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
