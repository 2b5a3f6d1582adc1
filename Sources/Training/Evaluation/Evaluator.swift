import BERT
import FoundationEssentials
import Synchronization
import WordPiece

/// Predicts and evaluates on all cores. It blocks the calling thread.
public struct Evaluator: Sendable {
    private let tokenizer: WordPieceTokenizer
    private let inference: ParallelInference
    private let maxTokens: Int
    private let longTexts: LongTextsChoice

    /// - Parameters:
    ///   - workers: threads; nil: one per core.
    ///   - maxTokens: texts are cut to this many tokens, or to the positions of the base if these are fewer.
    ///   - longTexts: how texts are read that are longer than a window.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, workers: Int? = nil,
        maxTokens: Int = BERTConfiguration.standardMaxTokens, longTexts: LongTextsChoice = .asTrained
    ) {
        (self.tokenizer, self.longTexts) = (tokenizer, longTexts)
        self.maxTokens = min(maxTokens, base.configuration.positions)
        inference = ParallelInference(
            base: base, workers: max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1))
    }

    /// The adapter's predictions for the texts, in their order.
    public func predictions(texts: [String], adapter: Adapter) -> [Prediction] {
        let longTexts = longTexts.longTexts(for: adapter.manifest)
        let encoder = TextEncoder(tokenizer: tokenizer, maxTokens: maxTokens, longTexts: longTexts)
        return predictions(count: texts.count, adapter: adapter, pool: encoder.pool) { encoder.encode(texts[$0]) }
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

    func predictions(
        count: Int, adapter: Adapter, pool: LongTexts.Pool, text: @Sendable (Int) -> EncodedText
    ) -> [Prediction] {
        let logits = Mutex([[Float]](repeating: [], count: count))
        inference.forEachText(count: count, adapters: [adapter], pool: pool, text: text) { answer in
            logits.withLock { $0[answer.text] = answer.pooled.logits }
        }
        return logits.withLock { $0 }.map { Prediction(logits: $0, adapter: adapter) }
    }
}
