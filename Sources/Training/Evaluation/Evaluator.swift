import BERT
import FoundationEssentials
import WordPiece

/// Predicts and evaluates on all cores. It blocks the calling thread.
public struct Evaluator: Sendable {
    private let tokenizer: WordPieceTokenizer
    private let inference: ParallelInference
    private let maxTokens: Int

    /// - Parameters:
    ///   - workers: threads; nil: one per core.
    ///   - maxTokens: texts are cut to this many tokens, or to the positions of the base if these are fewer.
    public init(base: BERTBase, tokenizer: WordPieceTokenizer, workers: Int? = nil, maxTokens: Int = 256) {
        self.tokenizer = tokenizer
        self.maxTokens = min(maxTokens, base.configuration.positions)
        inference = ParallelInference(
            base: base, workers: max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1))
    }

    /// The adapter's predictions for the texts, in their order.
    public func predictions(texts: [String], adapter: Adapter) -> [Prediction] {
        let (tokenizer, maxTokens) = (tokenizer, maxTokens)
        return predictions(count: texts.count, adapter: adapter) { tokenizer.encode(texts[$0], maxTokens: maxTokens) }
    }

    /// Compares the adapter's predictions for the texts of some rows with their labels.
    public func evaluate(_ rows: [LabelledText], adapter: Adapter) -> Evaluation {
        Evaluation(rows: rows, predictions: predictions(texts: rows.map(\.text), adapter: adapter), adapter: adapter)
    }

    /// As ``evaluate(_:adapter:)``, with the labels of the predictions as a mapping leaves them.
    public func evaluate(_ rows: [LabelledText], adapter: Adapter, mapping: LabelMapping) -> Evaluation {
        let predictions = predictions(texts: rows.map(\.text), adapter: adapter)
        return Evaluation(rows: rows, predictions: predictions, adapter: adapter, mapping: mapping)
    }

    func predictions(count: Int, adapter: Adapter, sequence: @Sendable (Int) -> [Int32]) -> [Prediction] {
        inference.logits(count: count, adapters: [adapter], assignments: { _ in [0] }, sequence: sequence)
            .map { Prediction(logits: $0.first ?? [], adapter: adapter) }
    }
}
