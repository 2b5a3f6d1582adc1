import ArgumentParser
import BERT
import Training

/// How an adapter is trained: shared by `train` and `benchmark train`.
struct TrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Rank of the low-rank pairs.", valueName: "n"))
    var rank = 8

    @Option(help: ArgumentHelp("Scaling: alpha / rank.", valueName: "x"))
    var alpha: Float = 16

    @Option(help: ArgumentHelp("Dropout on the pairs' inputs.", valueName: "share"))
    var dropout: Float = 0.1

    @Option(help: ArgumentHelp("Linear layers to adapt: query, key, value, dense, …", valueName: "names"))
    var targets = TargetSelection(names: ["query", "value"])

    @Option(help: ArgumentHelp("Encoder layers to adapt, from 0: all, 3,4,5 or 3-5.", valueName: "layers"))
    var layers = LayerSelection.all

    @Option(help: ArgumentHelp("Passes over the rows.", valueName: "n"))
    var epochs = 3

    @Option(help: ArgumentHelp("Texts a step.", valueName: "n"))
    var batch = 16

    @Option(help: ArgumentHelp("The highest learning rate; it falls to zero linearly.", valueName: "x"))
    var rate: Float = 1e-3

    @Option(help: ArgumentHelp("AdamW's decoupled weight decay.", valueName: "x"))
    var weightDecay: Float = 0.01

    @Option(help: ArgumentHelp("Share of the steps in which the rate rises.", valueName: "share"))
    var warmup: Float = 0.06

    @OptionGroup var length: LengthOptions

    @Option(help: ArgumentHelp("Decides initial weights, order and dropout.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        try Self.check((1...4_096).contains(rank), "--rank must be between 1 and 4096")
        try Self.check(alpha.isFinite && alpha > 0, "--alpha must be above 0")
        try Self.check((0..<1).contains(dropout), "--dropout must be at least 0 and below 1")
        try Self.check(epochs >= 1, "--epochs must be at least 1")
        try Self.check(batch >= 1, "--batch must be at least 1")
        try Self.check(rate.isFinite && rate > 0, "--rate must be above 0")
        try Self.check(weightDecay.isFinite && weightDecay >= 0, "--weight-decay must not be negative")
        try Self.check((0...1).contains(warmup), "--warmup must be between 0 and 1")
    }

    private static func check(_ holds: Bool, _ message: String) throws {
        guard holds else { throw ValidationError(message) }
    }

    /// The settings, if the base has the layers and positions that they ask for.
    func settings(for base: BERTBase) throws -> TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = rank
        settings.alpha = alpha
        settings.dropout = dropout
        settings.targets = targets.names
        settings.layers = try layers.layers(of: base.configuration.layers)
        settings.epochs = epochs
        settings.batchSize = batch
        settings.learningRate = rate
        settings.weightDecay = weightDecay
        settings.warmup = warmup
        settings.maxTokens = try length.checked(against: base)
        settings.seed = seed
        settings.workers = workerOptions.workers
        return settings
    }
}
