import BERT
import Foundation
import WordPiece

/// How an adapter is trained. The defaults are those of `lorikeet train`.
public struct TrainingSettings: Sendable, Codable, Equatable {
    /// Rank of every low-rank pair.
    public var rank = 8
    /// Numerator of the scaling `alpha / rank`.
    public var alpha: Float = 16
    /// Share of each low-rank pair's input that is set to zero in training.
    public var dropout: Float = 0.1
    /// Linear layers to adapt, in PEFT's names: `query`, `value`, `key`, `dense`…
    public var targets = ["query", "value"]
    /// Layers to adapt, from 0; nil: all.
    public var layers: [Int]?
    /// Passes over the training rows.
    public var epochs = 3
    /// Texts a step.
    public var batchSize = 16
    /// AdamW's rate after warm-up; it falls to zero linearly.
    public var learningRate: Float = 1e-3
    /// AdamW's decoupled weight decay, of matrices.
    public var weightDecay: Float = 0.01
    /// Share of all steps in which the rate rises from zero.
    public var warmup: Float = 0.06
    /// A gradient that is longer is scaled down to this norm.
    public var clipping: Float = 1
    /// Texts are cut to so many tokens.
    public var maxTokens = 256
    /// Decides initial weights, order and dropout: the same seed and number of workers give the same bits.
    public var seed: UInt64 = 0
    /// Threads; nil: one a core.
    public var workers: Int?
    /// Bytes that hidden states below the lowest adapted layer may take to be kept between epochs.
    public var cacheBytes = 1 << 30

    public init() {}

    /// Threads, decided.
    var workerCount: Int { max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1) }
}

extension TrainingSettings {
    /// The adapter that these settings ask for.
    var configuration: LoRAConfiguration {
        LoRAConfiguration(rank: rank, alpha: Double(alpha), dropout: Double(dropout), targets: targets, layers: layers)
    }

    /// Refuses what no training can do.
    func check(base: BERTBase, tokenizer: WordPieceTokenizer) throws(TrainingError) {
        try require(epochs >= 1, "epochs", "must be at least 1")
        try require(batchSize >= 1, "batch size", "must be at least 1")
        try require(learningRate.isFinite && learningRate > 0, "rate", "must be a number above 0")
        try require(weightDecay.isFinite && weightDecay >= 0, "weight decay", "must be a number from 0 up")
        try require((0...1).contains(warmup), "warm-up", "must be a share between 0 and 1")
        try require((0..<1).contains(dropout), "dropout", "must be from 0 up and less than 1")
        try require(clipping.isFinite && clipping >= 0, "clipping", "must be a number from 0 up; 0 is none")
        let positions = base.configuration.positions
        try require((2...max(positions, 2)).contains(maxTokens), "max tokens", "must be from 2 to the base's \(positions) positions")
        guard tokenizer.vocabularySize <= base.configuration.vocabulary else {
            throw .tokenizerDoesNotFit(tokens: tokenizer.vocabularySize, embeddings: base.configuration.vocabulary)
        }
    }

    private func require(_ holds: Bool, _ name: String, _ reason: String) throws(TrainingError) {
        if !holds { throw .invalidSetting(name, reason: reason) }
    }

    /// Why values trained with `start` cannot be gone on with as if these settings had shaped them; nil: they can.
    ///
    /// The tensors' shapes are compared elsewhere; this is what they do not show.
    func difference(to start: LoRAConfiguration) -> String? {
        if start.alpha != Double(alpha) { return "its alpha is \(start.alpha), \(alpha) is asked for" }
        if start.useRSLoRA || !start.alphaPattern.isEmpty { return "its scaling is another" }
        return nil
    }
}
