/// How an adapter is trained. The defaults are those of `lorikeet train`.
public struct TrainingSettings: Sendable, Codable, Equatable {
    /// Rank of every low-rank pair.
    public var rank = 8
    /// Numerator of the scaling `alpha / rank`.
    public var alpha: Float = 16
    /// Share of the low-rank pair's input that is set to zero in training, and of the base's own dropout places above the lowest adapted layer.
    public var dropout: Float = 0.1
    /// Linear layers to adapt, in PEFT's names: `query`, `value`, `key`, `dense`…
    public var targets = ["query", "value"]
    /// Layers to adapt, from 0; nil: all.
    public var layers: [Int]?
    /// Passes over the training rows.
    public var epochs = 3
    /// Texts an optimiser step.
    public var batchSize = 16
    /// AdamW's rate after warm-up; it falls to zero linearly.
    public var learningRate: Float = 1e-3
    /// AdamW's decoupled weight decay.
    public var weightDecay: Float = 0.01
    /// Share of all steps in which the rate rises from zero.
    public var warmup: Float = 0.06
    /// The gradient is scaled down to this norm if it is longer.
    public var clipping: Float = 1
    /// Texts are cut to so many tokens.
    public var maxTokens = 256
    /// Decides initial weights, order and dropout: the same seed and workers give the same bits.
    public var seed: UInt64 = 0
    /// Threads; nil: one a core.
    public var workers: Int?
    /// Bytes that hidden states below the lowest adapted layer may take to be kept between epochs.
    public var cacheBytes = 1 << 30

    public init() {}
}
