import BERT
import Training
import WordPiece

/// Measures training: the steps of all epochs, without evaluation.
public struct TrainBenchmark {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private let settings: TrainingSettings
    private let workers: Int

    /// - Parameter workers: the threads that `settings` names, for the comparison with BLAS.
    public init(base: BERTBase, tokenizer: WordPieceTokenizer, settings: TrainingSettings, workers: Int) {
        (self.base, self.tokenizer, self.settings, self.workers) = (base, tokenizer, settings, workers)
    }

    /// Trains an adapter on the rows. Documents and tokens count once per epoch.
    ///
    /// - Parameter progress: called after each step.
    public func run(
        _ rows: [LabelledText], progress: @escaping (TrainingProgress) -> Void
    ) throws -> EngineFigures {
        let tokens = rows.reduce(0) { $0 + max(tokenizer.encode($1.text, maxTokens: settings.maxTokens).count, 1) }
        let work = LinearWork(base: base.configuration)
        let shapes = work.shapes(
            rows: max(1, tokens * settings.batchSize / max(rows.count, 1) / workers), backward: true)

        let rateBefore = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)
        let candidate = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
            .train(rows, validation: [], progress: progress, isCancelled: { false })
        let rateAfter = SGEMMRate.measure(shapes, workers: workers, seconds: 0.5)

        let epochs = candidate.epochs.count
        return EngineFigures(
            name: "train", documents: rows.count * epochs, tokens: tokens * epochs,
            seconds: candidate.epochs.reduce(0) { $0 + $1.seconds },
            linearOperations: operations(work, candidate.adapter, tokens: tokens, texts: rows.count, epochs: epochs),
            workers: workers, base: base, sgemmRate: (rateBefore + rateAfter) / 2)
    }

    /// Frozen layers below the lowest adapter are computed once, the others forward and backward in each epoch.
    private func operations(_ work: LinearWork, _ adapter: Adapter, tokens: Int, texts: Int, epochs: Int) -> Double {
        let lowest = adapter.lowestLayer
        let frozen = work.forward(layers: 0..<lowest, tokens: tokens, texts: texts)
        let forward = work.forward(layers: lowest..<work.base.layers, tokens: tokens, texts: texts)
        let backward = work.backward(lowest: lowest, tokens: tokens, texts: texts)
        let pairs = 3 * work.adapter(adapter.manifest.configuration, tokens: tokens)
        return frozen + Double(epochs) * (forward + backward + pairs)
    }
}
