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
        let predicted = predictions(texts: rows.map(\.text), adapter: adapter)
        return Evaluation(truth: rows.map(\.label), predicted: predicted.map(\.label), labels: adapter.labels)
    }

    func predictions(count: Int, adapter: Adapter, sequence: @Sendable (Int) -> [Int32]) -> [Prediction] {
        let temperature = Float(adapter.manifest.temperature ?? 1)
        return inference.logits(count: count, adapters: [adapter], assignments: { _ in [0] }, sequence: sequence)
            .map { Self.prediction($0.first ?? [], labels: adapter.labels, temperature: temperature) }
    }

    private static func prediction(_ logits: [Float], labels: [String], temperature: Float) -> Prediction {
        let scores = softmax(logits, temperature: temperature).map(Double.init)
        // By logits: two scores may round to the same probability.
        var best = 0
        for place in logits.indices where logits[place] > logits[best] { best = place }
        return Prediction(
            label: labels.indices.contains(best) ? labels[best] : "", score: scores.indices.contains(best) ? scores[best] : 0,
            scores: scores, logits: logits)
    }
}
