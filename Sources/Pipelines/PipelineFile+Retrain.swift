import BERT
import Training

extension PipelineFile {
    private static let retrainKeys = [
        "every", "minimum_new_rows", "minimum_gain", "minimum_hold_out", "maximum_rows", "rank", "alpha", "rslora",
        "dropout",
        "targets", "layers", "bias", "initialization", "epochs", "steps", "batch", "accumulation", "rate",
        "lora_plus_ratio",
        "schedule", "weight_decay", "warmup", "clip", "class_weights", "label_smoothing", "keep", "patience", "seed",
        "workers",
    ]

    static func readRetrain(_ value: ConfigurationValue) -> RetrainConfiguration? {
        guard let section = value.section(retrainKeys) else { return nil }
        var retrain = RetrainConfiguration()
        if let every = section["every"]?.duration(.milliseconds(100) ... .seconds(366 * 86400)) {
            retrain.every = every
        }
        if let rows = section["minimum_new_rows"]?.integer(1...Int.max) { retrain.minimumNewRows = rows }
        if let gain = section["minimum_gain"]?.number(-1...1) { retrain.minimumGain = gain }
        if let rows = section["minimum_hold_out"]?.integer(1...Int.max) { retrain.minimumHoldOut = rows }
        if let rows = section["maximum_rows"]?.integer(1...Int.max) { retrain.maximumRows = rows }
        readAdapterShape(section, into: &retrain)
        readSchedule(section, into: &retrain)
        readImbalance(section, into: &retrain)
        return retrain
    }

    private static func readAdapterShape(_ section: ConfigurationSection, into retrain: inout RetrainConfiguration) {
        if let rank = section["rank"]?.integer(1...1024) { retrain.rank = rank }
        if let alpha = section["alpha"]?.number(0...65536) {
            if alpha < 1e-9 { section["alpha"]?.problem("must be above 0: nothing would be adapted") }
            retrain.alpha = alpha
        }
        if let rslora = section["rslora"]?.flag() { retrain.rslora = rslora }
        if let dropout = section["dropout"]?.number(0...0.95) { retrain.dropout = dropout }
        if let targets = section["targets"]?.list("a list of layers such as [query, value]") {
            retrain.targets = targets.compactMap { $0.text("the name of a linear layer") }
        }
        if let layers = section["layers"] { retrain.layers = readLayers(layers) }
        if let bias = section["bias"]?.choice(LoRAConfiguration.Bias.self) { retrain.bias = bias }
        if let start = section["initialization"]?.choice(LoRAConfiguration.Initialization.self) {
            retrain.initialization = start
        }
    }

    /// `all` or a list of layers; nil is all.
    private static func readLayers(_ value: ConfigurationValue) -> [Int]? {
        if case .scalar("all", _) = value.node.content { return nil }
        return value.list("all, or a list of layers such as [3, 4, 5]")?.compactMap { $0.integer(0...1023) }
    }

    private static func readImbalance(_ section: ConfigurationSection, into retrain: inout RetrainConfiguration) {
        if let weights = section["class_weights"].flatMap(readClassWeights) { retrain.classWeighting = weights }
        if let smoothing = section["label_smoothing"]?.number(0...0.99) { retrain.labelSmoothing = smoothing }
        if let patience = section["patience"]?.integer(1...1000) {
            (retrain.patience, retrain.keeping) = (patience, .macroF1)
        }
        if let keeping = section["keep"]?.choice(KeptEpoch.self) {
            retrain.keeping = keeping
            if keeping == .last, let patience = section["patience"] {
                patience.problem("needs a figure to keep an epoch by: keep: macro-f1, accuracy or loss")
            }
        }
    }

    /// `none`, `balanced`, or a mapping of labels to weights.
    private static func readClassWeights(_ value: ConfigurationValue) -> ClassWeighting? {
        if case .scalar(let text, _) = value.node.content {
            switch text {
            case "none": return ClassWeighting.none
            case "balanced": return .balanced
            default: break
            }
        }
        guard let entries = value.entries("none, balanced, or a mapping of labels to weights") else { return nil }
        var weights: [String: Float] = [:]
        for (label, weight) in entries {
            if let number = weight.number(0.000_001...1e6) { weights[label] = Float(number) }
        }
        return .given(weights)
    }

    private static func readSchedule(_ section: ConfigurationSection, into retrain: inout RetrainConfiguration) {
        if let epochs = section["epochs"]?.integer(1...1000) { retrain.epochs = epochs }
        if let steps = section["steps"]?.integer(1...Int.max) {
            retrain.steps = steps
            if let epochs = section["epochs"] { epochs.problem("is given beside steps; one of them says when to end") }
        }
        if let batch = section["batch"]?.integer(1...4096) { retrain.batch = batch }
        if let batches = section["accumulation"]?.integer(1...4096) { retrain.accumulation = batches }
        if let rate = section["rate"]?.number(0...1) { retrain.rate = rate }
        if let ratio = section["lora_plus_ratio"]?.number(0.001...1000) { retrain.loraPlusRatio = ratio }
        if let schedule = section["schedule"]?.choice(TrainingSettings.Schedule.self) { retrain.schedule = schedule }
        if let decay = section["weight_decay"]?.number(0...1) { retrain.weightDecay = decay }
        if let warmup = section["warmup"]?.number(0...1) { retrain.warmup = warmup }
        if let clip = section["clip"]?.number(0...1e6) { retrain.clip = clip }
        if let seed = section["seed"]?.integer(0...Int.max) { retrain.seed = UInt64(seed) }
        if let workers = section["workers"]?.integer(1...1024) { retrain.workers = workers }
    }
}
