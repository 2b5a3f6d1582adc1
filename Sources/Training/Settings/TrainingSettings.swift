import BERT
import FoundationEssentials
import WordPiece

/// How an adapter is trained. The defaults are those of `lorikeet train`; ranges and meanings stand in
/// ``Hyperparameter``.
public struct TrainingSettings: Sendable, Codable, Equatable {
    /// The shape of the learning rate after the warm-up.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        /// Decays to zero in a straight line.
        case linear
        /// Decays to zero along half a cosine.
        case cosine
        /// Stays at its peak.
        case constant
    }

    /// Who chooses what is not given. A trainer takes the settings as they are: ``RecipeRule`` chooses before.
    public var recipe = TrainingRecipe.fixed
    /// The keys of the hyper-parameters that a person gave.
    public var given: Set<String> = []

    // MARK: - The adapter

    /// Rank of every low-rank pair.
    public var rank = 8
    /// Numerator of the scaling `alpha / rank`.
    public var alpha: Float = 16
    /// Scales by `alpha / √rank`, as rsLoRA does (arXiv 2312.03732).
    public var usesRSLoRA = false
    /// Share of each low-rank pair's input that is set to zero in training.
    public var dropout: Float = 0.1
    /// Linear layers to adapt, in PEFT's names: `query`, `value`, `key`, `dense`…
    public var targets = ["query", "value"]
    /// Encoder layers to adapt, from 0; nil: all.
    public var layers: [Int]?
    /// Which biases are trained.
    public var bias = LoRAConfiguration.Bias.none
    /// How A is initialized.
    public var initialization = LoRAConfiguration.Initialization.kaiming
    /// Ranks of single layers, as an adapter to start from may have them.
    public var rankPattern: [String: Int] = [:]
    /// Alphas of single layers, likewise.
    public var alphaPattern: [String: Double] = [:]

    // MARK: - The training

    /// Passes over the training rows.
    public var epochs = 3
    /// The epochs of a training whose rows turn out hard to learn: see ``RecipeRule``. nil: `epochs`, in any case.
    public var mostEpochs: Int?
    /// Optimizer steps, in place of epochs; nil: epochs count.
    public var steps: Int?
    /// Texts per batch.
    public var batchSize = 16
    /// Batches per optimizer step.
    public var accumulation = 1
    /// AdamW's learning rate after the warm-up.
    public var learningRate: Float = 1e-3
    /// B's rate divided by A's: LoRA+ (arXiv 2402.12354). Biases have B's rate, as in PEFT's
    /// `create_loraplus_optimizer`.
    public var loraPlusRatio: Float = 1
    /// The learning rate after the warm-up.
    public var schedule = Schedule.linear
    /// AdamW's decoupled weight decay, of matrices.
    public var weightDecay: Float = 0.01
    /// Share of all steps over which the rate rises from zero.
    public var warmup: Float = 0.06
    /// The norm that longer gradients are scaled down to; 0: no clipping.
    public var clipping: Float = 1
    /// Whether a text has a set of labels, each decided by itself.
    public var isMultiLabel = false
    /// Weights of the labels in the loss.
    public var classWeighting = ClassWeighting.none
    /// Share of the target that is spread over all labels.
    public var labelSmoothing: Float = 0
    /// Which epoch's adapter is kept, if there are validation rows.
    public var epochSelection = EpochSelection.macroF1
    /// Training ends after this many epochs in a row without a new best one; nil: never.
    public var patience: Int?
    /// Precisions whose abstention thresholds are kept, besides those of whole hundredths.
    public var precisions: [Double] = []
    /// Texts are cut to this many tokens.
    public var maxTokens = BERTConfiguration.standardMaxTokens
    /// How texts are read that are longer than a window; nil: they are cut. With the pool `max`, the loss of a text is
    /// that of its pooled answer. With `mean`, each window is trained on with the labels of the text, and counts for
    /// its share of the windows.
    public var longTexts: LongTexts?
    /// Seed of initial weights, order and dropout: the same seed and number of workers give the same bits.
    public var seed: UInt64 = 0
    /// Threads; nil: one per core.
    public var workers: Int?
    /// Bytes of memory for the hidden states below the lowest adapted layer, which are kept between epochs.
    public var cacheBytes = 128 << 20
    /// Bytes of a temporary file for the hidden states that do not fit into memory.
    public var cacheFileBytes = 16 << 30

    /// The defaults.
    public init() {}
}

// MARK: - Derived

extension TrainingSettings {
    /// Texts per optimizer step. A batch is computed in pieces whatever its size, so accumulated batches are one larger
    /// batch.
    var textsPerStep: Int { batchSize * accumulation }

    /// Steps per epoch.
    func stepsPerEpoch(rows: Int) -> Int { (rows + textsPerStep - 1) / textsPerStep }

    /// All steps of a training.
    func stepCount(rows: Int) -> Int { steps ?? stepsPerEpoch(rows: rows) * epochs }

    /// Epochs of a training; the last one may end before it has seen all rows.
    func epochCount(rows: Int) -> Int {
        guard let steps else { return epochs }
        let whole = max(stepsPerEpoch(rows: rows), 1)
        return (steps + whole - 1) / whole
    }

    /// Makes sequences of texts.
    public func encoder(_ tokenizer: WordPieceTokenizer, positions: Int = .max) -> TextEncoder {
        TextEncoder(tokenizer: tokenizer, maxTokens: min(maxTokens, positions), longTexts: longTexts)
    }

    /// What the texts of a distillation are cut to, for teacher and challenger alike: what teaches is the distribution
    /// that a sequence gets, and one sequence per text is enough.
    public var distillationTokens: Int { longTexts?.window ?? maxTokens }

    /// The number of threads, one per core if none was given.
    public var workerCount: Int { max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1) }

    /// The adapter that these settings describe.
    var configuration: LoRAConfiguration {
        LoRAConfiguration(
            rank: rank, alpha: Double(alpha), dropout: Double(dropout), targets: targets, layers: layers,
            useRSLoRA: usesRSLoRA,
            rankPattern: rankPattern, alphaPattern: alphaPattern, bias: bias, initialization: initialization)
    }
}

// MARK: - Starting from an adapter

extension TrainingSettings {
    /// Takes over what training cannot change in an adapter to start from: ranks, scaling, layers and biases.
    public mutating func takeShape(of start: LoRAConfiguration) {
        (rank, alpha, usesRSLoRA) = (start.rank, Float(start.alpha), start.useRSLoRA)
        (targets, layers, bias) = (start.targets, start.layers, start.bias)
        (rankPattern, alphaPattern) = (start.rankPattern, start.alphaPattern)
        initialization = start.initialization
    }

    /// Why an adapter of this configuration cannot be trained further with these settings; nil if it can.
    ///
    /// The shapes of the tensors are compared elsewhere; this is what they do not show.
    func difference(to start: LoRAConfiguration) -> String? {
        if Float(start.alpha) != alpha { return "its alpha is \(Float(start.alpha)), but \(alpha) is requested" }
        if start.useRSLoRA != usesRSLoRA {
            return start.useRSLoRA
                ? "it has the scaling of rsLoRA, but plain scaling is requested"
                : "it has plain scaling, but that of rsLoRA is requested"
        }
        if start.alphaPattern != alphaPattern { return "the alpha of some layers differs" }
        return nil
    }
}

// MARK: - Checks

extension TrainingSettings {
    /// Refuses settings that no training can have.
    func check(base: BERTBase, tokenizer: WordPieceTokenizer) throws(TrainingError) {
        if let (parameter, problem) = violation { throw .invalidSetting(parameter.key, reason: problem) }
        try require(
            patience == nil || epochSelection != .last, "patience",
            "needs a metric to choose the best epoch by, but keep is last")
        try require(precisions.allSatisfy { $0 > 0 && $0 <= 1 }, "precision", "must be above 0 and at most 1")
        if case .given(let weights) = classWeighting {
            try require(weights.values.allSatisfy { $0.isFinite && $0 > 0 }, "class_weights", "must be numbers above 0")
        }
        let positions = base.configuration.positions
        try require(
            (2...max(positions, 2)).contains(maxTokens), "max_tokens",
            "must be from 2 to the base's \(positions) positions")
        if let problem = longTexts?.problem {
            throw .invalidSetting("long_texts.\(problem.key)", reason: problem.reason)
        }
        if let problem = longTexts?.problem(positions: positions) {
            throw .invalidSetting("long_texts.window", reason: problem)
        }
        guard tokenizer.vocabularySize <= base.configuration.vocabulary else {
            throw .tokenizerDoesNotFit(tokens: tokenizer.vocabularySize, embeddings: base.configuration.vocabulary)
        }
    }

    private func require(_ holds: Bool, _ name: String, _ reason: String) throws(TrainingError) {
        if !holds { throw .invalidSetting(name, reason: reason) }
    }
}
