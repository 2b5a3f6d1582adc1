/// The declarations: every hyper-parameter of a training.
extension Hyperparameter {
    /// All of them, in the order of the documentation.
    public static let all = [recipe] + adapterShape + training

    /// `recipe`, `--recipe`.
    public static let recipe = Hyperparameter(
        "recipe",
        "where the hyper-parameters that are not given come from: auto, the rows; fixed, the defaults",
        .choice(HyperparameterChoice(\.recipe)))

    /// Those that decide the shape of the adapter, and its dropout.
    public static let adapterShape = [rank, alpha, rslora, targets, layers, bias, initialization, dropout]

    /// Those that decide how the adapter is trained.
    public static let training = [
        epochs, steps, batch, accumulation, rate, loraPlusRatio, schedule, warmup, weightDecay, clip, classWeights,
        labelSmoothing, keep, patience, seed, workers,
    ]

    // MARK: - The adapter

    /// `rank`, `--rank`.
    public static let rank = Hyperparameter(
        "rank", "rank of the LoRA matrices", .integer(\.rank),
        range: .closed(1...4096), fileRange: .closed(1...1024), search: .values([4, 8, 16, 32]))

    /// `alpha`, `--alpha`.
    public static let alpha = Hyperparameter(
        "alpha", "numerator of the scaling, which is alpha / rank", .number(\.alpha),
        range: .above(0), fileRange: .closed(0...65536))

    /// `rslora`, `--rslora`.
    public static let rslora = Hyperparameter(
        "rslora", "scale by alpha / √rank, as rsLoRA does", .flag(\.usesRSLoRA))

    /// `targets`, `--targets`.
    public static let targets = Hyperparameter(
        "targets", "linear layers to adapt: query, key, value, dense, …; or all-linear", .targets(\.targets))

    /// `layers`, `--layers`.
    public static let layers = Hyperparameter(
        "layers", "encoder layers to adapt, numbered from 0", .layers(\.layers), fileRange: .closed(0...1023))

    /// `bias`, `--bias`.
    public static let bias = Hyperparameter(
        "bias", "biases to train: none, or lora_only for those of the adapted layers",
        .choice(HyperparameterChoice(\.bias)))

    /// `initialization`, `--initialization`.
    public static let initialization = Hyperparameter(
        "initialization", "initial values of A: kaiming (uniform in ±1/√inputs) or gaussian (σ = 1/rank)",
        .choice(HyperparameterChoice(\.initialization)))

    /// `dropout`, `--dropout`.
    public static let dropout = Hyperparameter(
        "dropout", "dropout on the inputs of the LoRA matrices", .number(\.dropout),
        range: .halfOpen(0..<1), fileRange: .closed(0...0.95), search: .values([0, 0.05, 0.1, 0.2]))

    // MARK: - The training

    /// `epochs`, `--epochs`.
    public static let epochs = Hyperparameter(
        "epochs", "number of passes over the training rows", .integer(\.epochs),
        range: .atLeast(1), fileRange: .closed(1...1000))

    /// `steps`, `--steps`.
    public static let steps = Hyperparameter(
        "steps", "number of optimizer steps, instead of epochs", .optionalInteger(\.steps), range: .atLeast(1))

    /// `batch`, `--batch`.
    public static let batch = Hyperparameter(
        "batch", "texts per batch", .integer(\.batchSize),
        range: .closed(1...1_000_000), fileRange: .closed(1...4096))

    /// `accumulation`, `--accumulation`.
    public static let accumulation = Hyperparameter(
        "accumulation", "batches per optimizer step", .integer(\.accumulation),
        range: .closed(1...1_000_000), fileRange: .closed(1...4096))

    /// `rate`, `--rate`.
    public static let rate = Hyperparameter(
        "rate", "peak learning rate", .number(\.learningRate),
        range: .above(0), fileRange: .closed(0...1), search: .factor(0.25...4))

    /// `lora_plus_ratio`, `--lora-plus-ratio`.
    public static let loraPlusRatio = Hyperparameter(
        "lora_plus_ratio", "learning rate of B divided by that of A (LoRA+)", .number(\.loraPlusRatio),
        range: .above(0), fileRange: .closed(0.001...1000), search: .values([1, 1, 4, 16]))

    /// `schedule`, `--schedule`.
    public static let schedule = Hyperparameter(
        "schedule", "learning rate after the warm-up: linear or cosine decay to zero, or constant",
        .choice(HyperparameterChoice(\.schedule)), search: .names(["linear", "linear", "cosine"]))

    /// `warmup`, `--warmup`.
    public static let warmup = Hyperparameter(
        "warmup", "share of the steps over which the learning rate rises", .number(\.warmup),
        range: .closed(0...1), search: .values([0, 0.06, 0.1]))

    /// `weight_decay`, `--weight-decay`.
    public static let weightDecay = Hyperparameter(
        "weight_decay", "decoupled weight decay of AdamW", .number(\.weightDecay),
        range: .atLeast(0), fileRange: .closed(0...1))

    /// `clip`, `--clip`.
    public static let clip = Hyperparameter(
        "clip", "maximum gradient norm; 0 for no clipping", .number(\.clipping),
        range: .atLeast(0), fileRange: .closed(0...1_000_000))

    /// `class_weights`, `--class-weights`.
    public static let classWeights = Hyperparameter(
        "class_weights", "weights of the labels in the loss", .classWeights(\.classWeighting))

    /// `label_smoothing`, `--label-smoothing`.
    public static let labelSmoothing = Hyperparameter(
        "label_smoothing", "share of the target spread over all labels", .number(\.labelSmoothing),
        range: .halfOpen(0..<1), fileRange: .closed(0...0.99))

    /// `keep`, `--keep`.
    public static let keep = Hyperparameter(
        "keep", "epoch to keep: the last, or the one with the best macro-f1, accuracy or loss on the validation rows",
        .choice(HyperparameterChoice(\.epochSelection)))

    /// `patience`, `--patience`.
    public static let patience = Hyperparameter(
        "patience", "number of epochs without improvement after which training stops", .optionalInteger(\.patience),
        range: .atLeast(1), fileRange: .closed(1...1000), unsetMeaning: "never")

    /// `seed`, `--seed`.
    public static let seed = Hyperparameter(
        "seed", "seed of the initial weights, the order of rows and dropout", .unsigned(\.seed), range: .atLeast(0))

    /// `workers`, `--workers`.
    public static let workers = Hyperparameter(
        "workers", "training threads", .optionalInteger(\.workers),
        range: .atLeast(1), fileRange: .closed(1...1024), unsetMeaning: "one per core")
}

extension TrainingSettings {
    /// The first hyper-parameter whose value no training accepts, and what is wrong with it; nil if there is none.
    public var violation: (parameter: Hyperparameter, problem: String)? {
        for parameter in Hyperparameter.all {
            if let problem = parameter.problem(in: self) { return (parameter, problem) }
        }
        return nil
    }
}
