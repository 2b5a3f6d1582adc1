import ArgumentParser
import BERT
import Training

/// How an adapter is trained: shared by `train` and `benchmark train`.
struct TrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Rank of the low-rank pairs; default: 8.", valueName: "n"))
    var rank: Int?

    @Option(help: ArgumentHelp("Scaling: alpha / rank; default: 16.", valueName: "x"))
    var alpha: Float?

    @Flag(inversion: .prefixedNo, help: "Scale by alpha / √rank, as rsLoRA does.")
    var rslora: Bool?

    @Option(help: ArgumentHelp("Dropout on the pairs' inputs.", valueName: "share"))
    var dropout: Float = 0.1

    @Option(
        help: ArgumentHelp(
            "Linear layers to adapt: query, key, value, dense, …, or all-linear; default: query,value.",
            valueName: "names"))
    var targets: TargetSelection?

    @Option(
        help: ArgumentHelp("Encoder layers to adapt, from 0: all, 3,4,5 or 3-5; default: all.", valueName: "layers"))
    var layers: LayerSelection?

    @Option(
        help: ArgumentHelp(
            "Biases that learn: none, or lora_only, those of the adapted layers; default: none.", valueName: "which"))
    var bias: LoRAConfiguration.Bias?

    @Option(
        help: ArgumentHelp("How A starts: kaiming (uniform in ±1/√inputs) or gaussian (σ = 1/rank).", valueName: "how"))
    var initialization = LoRAConfiguration.Initialization.kaiming

    @Option(help: ArgumentHelp("Passes over the rows; default: 3.", valueName: "n"))
    var epochs: Int?

    @Option(help: ArgumentHelp("So many steps in place of whole epochs.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("Texts a batch.", valueName: "n"))
    var batch = 16

    @Option(help: ArgumentHelp("Batches a step.", valueName: "n"))
    var accumulation = 1

    @Option(help: ArgumentHelp("The highest learning rate.", valueName: "x"))
    var rate: Float = 1e-3

    @Option(help: ArgumentHelp("B's rate divided by A's (LoRA+).", valueName: "x"))
    var loraPlusRatio: Float = 1

    @Option(
        help: ArgumentHelp(
            "How the rate goes on after the warm-up: linear or cosine, to zero, or constant.", valueName: "shape"))
    var schedule = TrainingSettings.Schedule.linear

    @Option(help: ArgumentHelp("AdamW's decoupled weight decay.", valueName: "x"))
    var weightDecay: Float = 0.01

    @Option(help: ArgumentHelp("Share of the steps in which the rate rises.", valueName: "share"))
    var warmup: Float = 0.06

    @Option(help: ArgumentHelp("Scale longer gradients down to this norm; 0: none.", valueName: "norm"))
    var clip: Float = 1

    @Option(
        help: ArgumentHelp("Weight of the labels in the loss: none, balanced, or LABEL=WEIGHT,…", valueName: "weights"))
    var classWeights = ClassWeighting.none

    @Option(help: ArgumentHelp("Share of the target that is spread over all labels.", valueName: "share"))
    var labelSmoothing: Float = 0

    @OptionGroup var length: LengthOptions

    @Option(help: ArgumentHelp("Decides initial weights, order and dropout.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        try Self.check(rank.map { (1...4_096).contains($0) } ?? true, "--rank must be between 1 and 4096")
        try Self.check(alpha.map { $0.isFinite && $0 > 0 } ?? true, "--alpha must be above 0")
        try Self.check((0..<1).contains(dropout), "--dropout must be at least 0 and below 1")
        try Self.check(epochs.map { $0 >= 1 } ?? true, "--epochs must be at least 1")
        try Self.check(steps.map { $0 >= 1 } ?? true, "--steps must be at least 1")
        try Self.check(epochs == nil || steps == nil, "--epochs or --steps, not both")
        try Self.check((1...1_000_000).contains(batch), "--batch must be from 1 to 1000000")
        try Self.check((1...1_000_000).contains(accumulation), "--accumulation must be from 1 to 1000000")
        try Self.check(rate.isFinite && rate > 0, "--rate must be above 0")
        try Self.check(loraPlusRatio.isFinite && loraPlusRatio > 0, "--lora-plus-ratio must be above 0")
        try Self.check(clip.isFinite && clip >= 0, "--clip must not be negative")
        try Self.check(weightDecay.isFinite && weightDecay >= 0, "--weight-decay must not be negative")
        try Self.check((0..<1).contains(labelSmoothing), "--label-smoothing must be at least 0 and below 1")
        try Self.check((0...1).contains(warmup), "--warmup must be between 0 and 1")
    }

    private static func check(_ holds: Bool, _ message: String) throws {
        guard holds else { throw ValidationError(message) }
    }

    /// The settings, if the base has the layers and positions that they ask for.
    ///
    /// - Parameter start: an adapter to go on from: what is not given of the adapter's shape is its own.
    func settings(for base: BERTBase, startingFrom start: Adapter? = nil) throws -> TrainingSettings {
        var settings = TrainingSettings()
        settings.initialization = initialization
        if let start { settings.takeShape(of: start.manifest.configuration) }
        if let rank { settings.rank = rank }
        if let alpha { settings.alpha = alpha }
        if let rslora { settings.usesRSLoRA = rslora }
        if let targets { settings.targets = targets.names }
        if let layers { settings.layers = try layers.layers(of: base.configuration.layers) }
        if let bias { settings.bias = bias }
        settings.dropout = dropout
        if let epochs { settings.epochs = epochs }
        settings.steps = steps
        settings.batchSize = batch
        settings.accumulation = accumulation
        settings.learningRate = rate
        settings.loraPlusRatio = loraPlusRatio
        settings.schedule = schedule
        settings.weightDecay = weightDecay
        settings.warmup = warmup
        settings.clipping = clip
        settings.classWeighting = classWeights
        settings.labelSmoothing = labelSmoothing
        settings.maxTokens = try length.checked(against: base)
        settings.seed = seed
        settings.workers = workerOptions.workers
        return settings
    }
}

extension LoRAConfiguration.Bias: ExpressibleByArgument {}
extension LoRAConfiguration.Initialization: ExpressibleByArgument {}
extension TrainingSettings.Schedule: ExpressibleByArgument {}
