import BERT
import Training

/// `retrain`: when the daemon retrains a task, what the challenger must show, and how it is trained.
public struct RetrainConfiguration: Sendable, Equatable {
    /// `every`: at least this long between the starts of two retrainings.
    public var every: Duration = .seconds(6 * 3600)
    /// `minimum_new_rows`: fewer new rows since the last run: no run.
    public var minimumNewRows: Int = 200
    /// `minimum_gain`: how much macro-F1 the challenger must gain on the hold-out.
    public var minimumGain: Double = 0
    /// `minimum_hold_out`: with fewer held-out rows a retraining is skipped.
    public var minimumHoldOut: Int = 20
    /// `maximum_rows`: only the newest so many labelled rows are learnt from.
    public var maximumRows: Int = 100_000

    /// `rank`.
    public var rank: Int = 8
    /// `alpha`.
    public var alpha: Double = 16
    /// `rslora`: scaling by alpha / √rank.
    public var rslora: Bool = false
    /// `dropout`, of the adapter's input.
    public var dropout: Double = 0.1
    /// `targets`: linear layers that are adapted.
    public var targets: [String] = ["query", "value"]
    /// `layers`: adapted layers from 0; nil: all.
    public var layers: [Int]?
    /// `bias`: `none`, or `lora_only` for those of the adapted layers.
    public var bias: LoRAConfiguration.Bias = .none
    /// `initialization` of A.
    public var initialization: LoRAConfiguration.Initialization = .kaiming
    /// `epochs`.
    public var epochs: Int = 3
    /// `steps` in place of whole epochs.
    public var steps: Int?
    /// `batch`: texts a batch.
    public var batch: Int = 16
    /// `accumulation`: batches a step.
    public var accumulation: Int = 1
    /// `rate`: the highest learning rate.
    public var rate: Double = 1e-3
    /// `lora_plus_ratio`: B's rate divided by A's.
    public var loraPlusRatio: Double = 1
    /// `schedule` of the rate after the warm-up.
    public var schedule: TrainingSettings.Schedule = .linear
    /// `weight_decay`.
    public var weightDecay: Double = 0.01
    /// `warmup`: the share of the steps in which the rate rises.
    public var warmup: Double = 0.06
    /// `clip`: the norm that a longer gradient is scaled down to; 0: none.
    public var clip: Double = 1
    /// `class_weights`: none, balanced, or by label.
    public var classWeighting: ClassWeighting = .none
    /// `label_smoothing`.
    public var labelSmoothing: Double = 0
    /// `keep`: the epoch whose adapter is the challenger; other than the last it is decided on a part of the training rows.
    public var keeping: KeptEpoch = .last
    /// `patience`: ends after so many epochs without a better one.
    public var patience: Int?
    /// `seed`.
    public var seed: UInt64 = 0
    /// `workers`: training threads; nil: one a core.
    public var workers: Int?

    public init() {}
}

extension RetrainConfiguration {
    /// What `retrain` asks of a training.
    public func trainingSettings(maxTokens: Int) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = rank
        settings.alpha = Float(alpha)
        settings.usesRSLoRA = rslora
        settings.dropout = Float(dropout)
        settings.targets = targets
        settings.layers = layers
        settings.bias = bias
        settings.initialization = initialization
        settings.epochs = epochs
        settings.steps = steps
        settings.batchSize = batch
        settings.accumulation = accumulation
        settings.learningRate = Float(rate)
        settings.loraPlusRatio = Float(loraPlusRatio)
        settings.schedule = schedule
        settings.weightDecay = Float(weightDecay)
        settings.warmup = Float(warmup)
        settings.clipping = Float(clip)
        settings.classWeighting = classWeighting
        settings.labelSmoothing = Float(labelSmoothing)
        settings.keeping = keeping
        settings.patience = patience
        settings.maxTokens = maxTokens
        settings.seed = seed
        settings.workers = workers
        return settings
    }
}
