import BERT
import Foundation
import WordPiece

/// Predicts and measures over all cores. Blocks the calling thread meanwhile.
public struct Evaluator: Sendable {
    private let tokenizer: WordPieceTokenizer
    private let inference: ParallelInference
    private let maxTokens: Int

    /// - Parameters:
    ///   - workers: threads; nil: one a core.
    ///   - maxTokens: texts are cut to so many tokens, and to those that the base has positions for.
    public init(base: BERTBase, tokenizer: WordPieceTokenizer, workers: Int? = nil, maxTokens: Int = 256) {
        self.tokenizer = tokenizer
        self.maxTokens = min(maxTokens, base.configuration.positions)
        inference = ParallelInference(
            base: base, workers: max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1))
    }

    /// What the adapter says of each text, in order.
    public func predictions(texts: [String], adapter: Adapter) -> [Prediction] {
        let (tokenizer, maxTokens) = (tokenizer, maxTokens)
        return predictions(count: texts.count, adapter: adapter) { tokenizer.encode(texts[$0], maxTokens: maxTokens) }
    }

    /// The adapter's predictions for the rows' texts against their labels.
    public func evaluate(_ rows: [LabelledText], adapter: Adapter) -> Evaluation {
        Evaluation(rows: rows, predictions: predictions(texts: rows.map(\.text), adapter: adapter), adapter: adapter)
    }

    func predictions(count: Int, adapter: Adapter, sequence: @Sendable (Int) -> [Int32]) -> [Prediction] {
        inference.logits(count: count, adapters: [adapter], assignments: { _ in [0] }, sequence: sequence)
            .map { Prediction(logits: $0.first ?? [], adapter: adapter) }
    }
}
