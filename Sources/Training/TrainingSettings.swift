import BERT
import Foundation
import WordPiece

/// How an adapter is trained. The defaults are those of `lorikeet train`.
public struct TrainingSettings: Sendable, Codable, Equatable {
    /// What the rate does after the warm-up.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        /// Down to zero in a straight line.
        case linear
        /// Down to zero along half a cosine.
        case cosine
        /// Stays.
        case constant
    }

    /// Rank of every low-rank pair.
    public var rank = 8
    /// Numerator of the scaling `alpha / rank`.
    public var alpha: Float = 16
    /// Scaling by `alpha / √rank`, as rsLoRA has it (arXiv 2312.03732).
    public var usesRSLoRA = false
    /// Share of each low-rank pair's input that is set to zero in training.
    public var dropout: Float = 0.1
    /// Linear layers to adapt, in PEFT's names: `query`, `value`, `key`, `dense`…
    public var targets = ["query", "value"]
    /// Layers to adapt, from 0; nil: all.
    public var layers: [Int]?
    /// Whether the biases of the adapted layers learn too.
    public var bias = LoRAConfiguration.Bias.none
    /// How A starts.
    public var initialization = LoRAConfiguration.Initialization.kaiming
    /// Ranks and alphas of single layers, as an adapter to go on from may have them.
    public var rankPattern: [String: Int] = [:]
    public var alphaPattern: [String: Double] = [:]
    /// Passes over the training rows.
    public var epochs = 3
    /// So many steps in place of whole epochs.
    public var steps: Int?
    /// Texts a batch.
    public var batchSize = 16
    /// Batches a step.
    public var accumulation = 1
    /// AdamW's rate after warm-up.
    public var learningRate: Float = 1e-3
    /// B's rate divided by A's: LoRA+ (arXiv 2402.12354); biases go with B, as PEFT's `create_loraplus_optimizer` has it.
    public var loraPlusRatio: Float = 1
    public var schedule = Schedule.linear
    /// AdamW's decoupled weight decay, of matrices.
    public var weightDecay: Float = 0.01
    /// Share of all steps in which the rate rises from zero.
    public var warmup: Float = 0.06
    /// A gradient that is longer is scaled down to this norm; 0: none is.
    public var clipping: Float = 1
    /// Whether a text has a set of labels: each holds or not by itself.
    public var isMultiLabel = false
    /// What weight the labels have in the loss.
    public var classWeighting = ClassWeighting.none
    /// Share of the target that is spread over all labels.
    public var labelSmoothing: Float = 0
    /// The epoch whose adapter is kept, where there are validation rows.
    public var keeping = KeptEpoch.macroF1
    /// Ends after so many epochs in a row that were not better than the one that is kept; nil: never.
    public var patience: Int?
    /// Precisions for which the threshold to abstain below is kept beside those of whole hundredths.
    public var precisions: [Double] = []
    /// Texts are cut to so many tokens.
    public var maxTokens = 256
    /// Decides initial weights, order and dropout: the same seed and number of workers give the same bits.
    public var seed: UInt64 = 0
    /// Threads; nil: one a core.
    public var workers: Int?
    /// Bytes of memory that hidden states below the lowest adapted layer may take to be kept between epochs.
    public var cacheBytes = 128 << 20
    /// Bytes that those which memory has no room for may take in a temporary file.
    public var cacheFileBytes = 16 << 30

    public init() {}

    /// Texts a step. A batch is computed in pieces whatever its size, so that batches added up are one larger batch.
    var textsPerStep: Int { batchSize * accumulation }

    /// Steps an epoch over so many rows has.
    func stepsPerEpoch(rows: Int) -> Int { (rows + textsPerStep - 1) / textsPerStep }

    /// All steps of a training over so many rows.
    func stepCount(rows: Int) -> Int { steps ?? stepsPerEpoch(rows: rows) * epochs }

    /// Epochs of a training over so many rows; the last one may end before all rows were seen.
    func epochCount(rows: Int) -> Int {
        guard let steps else { return epochs }
        let whole = max(stepsPerEpoch(rows: rows), 1)
        return (steps + whole - 1) / whole
    }

    /// Threads, decided.
    var workerCount: Int { max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 1) }
}

extension TrainingSettings {
    /// The adapter that these settings ask for.
    var configuration: LoRAConfiguration {
        LoRAConfiguration(
            rank: rank, alpha: Double(alpha), dropout: Double(dropout), targets: targets, layers: layers,
            useRSLoRA: usesRSLoRA,
            rankPattern: rankPattern, alphaPattern: alphaPattern, bias: bias, initialization: initialization)
    }

    /// Takes over what an adapter that is to be gone on with cannot change: ranks, scaling, layers and biases.
    public mutating func takeShape(of start: LoRAConfiguration) {
        (rank, alpha, usesRSLoRA) = (start.rank, Float(start.alpha), start.useRSLoRA)
        (targets, layers, bias) = (start.targets, start.layers, start.bias)
        (rankPattern, alphaPattern) = (start.rankPattern, start.alphaPattern)
        initialization = start.initialization
    }

    /// Refuses what no training can do.
    func check(base: BERTBase, tokenizer: WordPieceTokenizer) throws(TrainingError) {
        try require(epochs >= 1, "epochs", "must be at least 1")
        try require(steps.map { $0 >= 1 } ?? true, "steps", "must be at least 1")
        try require((1...1_000_000).contains(batchSize), "batch size", "must be from 1 to 1,000,000")
        try require((1...1_000_000).contains(accumulation), "accumulation", "must be from 1 to 1,000,000")
        try require(learningRate.isFinite && learningRate > 0, "rate", "must be a number above 0")
        try require(loraPlusRatio.isFinite && loraPlusRatio > 0, "LoRA+ ratio", "must be a number above 0")
        try require(weightDecay.isFinite && weightDecay >= 0, "weight decay", "must be a number from 0 up")
        try require((0...1).contains(warmup), "warm-up", "must be a share between 0 and 1")
        try require((0..<1).contains(dropout), "dropout", "must be from 0 up and less than 1")
        try require(clipping.isFinite && clipping >= 0, "clipping", "must be a number from 0 up; 0 is none")
        try require((0..<1).contains(labelSmoothing), "label smoothing", "must be from 0 up and less than 1")
        try require(patience.map { $0 >= 1 } ?? true, "patience", "must be at least 1")
        try require(
            patience == nil || keeping != .last, "patience", "needs a figure to be kept by; the last epoch is asked for"
        )
        try require(precisions.allSatisfy { $0 > 0 && $0 <= 1 }, "precision", "must be above 0 and at most 1")
        if case .given(let weights) = classWeighting {
            try require(weights.values.allSatisfy { $0.isFinite && $0 > 0 }, "class weights", "must be numbers above 0")
        }
        let positions = base.configuration.positions
        try require(
            (2...max(positions, 2)).contains(maxTokens), "max tokens",
            "must be from 2 to the base's \(positions) positions")
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
        if Float(start.alpha) != alpha { return "its alpha is \(Float(start.alpha)), \(alpha) is asked for" }
        if start.useRSLoRA != usesRSLoRA {
            return start.useRSLoRA
                ? "it is scaled as rsLoRA is, plain scaling is asked for" : "its scaling is plain, rsLoRA is asked for"
        }
        if start.alphaPattern != alphaPattern { return "alphas of single layers differ" }
        return nil
    }
}
