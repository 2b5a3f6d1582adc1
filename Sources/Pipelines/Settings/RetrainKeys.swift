import BERT
import JSON
import Training

/// `retrain`.
enum RetrainKeys {
    private static let defaults = RetrainConfiguration()

    static let section = SettingSection("retrain", schedule + adapter + training)

    /// When, on what, and what decides.
    private static let schedule: [SettingDeclaration] = [
        DefaultedSetting(
            "every", .duration(.milliseconds(100) ... .seconds(366 * 86400)), default: defaults.every,
            "least time between the starts of two retrainings"
        ).declaration,
        DefaultedSetting(
            "minimum_new_rows", .integer(1...Int.max), default: defaults.minimumNewRows,
            "labelled rows added since the last retraining; counted every 10 s"
        ).declaration,
        DefaultedSetting(
            "maximum_rows", .integer(1...Int.max), default: defaults.maximumRows,
            "rows to train on and to hold out: the newest ones"
        ).declaration,
        DefaultedSetting(
            "minimum_hold_out", .integer(1...Int.max), default: defaults.minimumHoldOut,
            "held-out rows; with fewer, the verdict is `skipped`"
        ).declaration,
        DefaultedSetting(
            "minimum_gain", .number(-1...1), default: defaults.minimumGain,
            "macro-F1 that a challenger must gain over the champion"
        ).declaration,
    ]

    /// What the challenger is like.
    private static let adapter: [SettingDeclaration] = [
        DefaultedSetting(
            "rank", .integer(1...1024), default: defaults.rank,
            "rank of the LoRA pairs"
        ).declaration,
        DefaultedSetting(
            "alpha", .number(0...65536), default: defaults.alpha,
            "numerator of the scaling alpha / rank; above 0"
        ).declaration,
        DefaultedSetting(
            "rslora", .flag, default: defaults.rslora,
            "whether to scale by alpha / √rank"
        ).declaration,
        SettingDeclaration(
            "targets", .list(of: .scalar, atLeast: 1), "list",
            absence: .value(.array(defaults.targets.map { .string($0) })), "linear layers to adapt"),
        SettingDeclaration(
            "layers",
            .either(
                .object([("const", .string("all"))]),
                .list(of: ValueForm.integer(0...1023).schema, atLeast: 1)), "`all`, or a list",
            absence: .value(.string("all")), "encoder layers to adapt, from 0"),
        DefaultedSetting(
            "bias", .choice, default: defaults.bias,
            "biases to train: none, or those of the adapted layers"
        ).declaration,
        DefaultedSetting(
            "initialization", .choice, default: defaults.initialization,
            "how A starts"
        ).declaration,
        DefaultedSetting(
            "dropout", .number(0...0.95), default: defaults.dropout,
            "dropout on the inputs of the pairs"
        ).declaration,
    ]

    /// How it is trained.
    private static let training: [SettingDeclaration] = [
        DefaultedSetting(
            "epochs", .integer(1...1000), default: defaults.epochs,
            "passes over the training rows"
        ).declaration,
        Setting(
            "steps", .integer(1...Int.max), absent: "`epochs` says when",
            "optimizer steps, in place of `epochs`"
        ).declaration,
        DefaultedSetting(
            "batch", .integer(1...4096), default: defaults.batch,
            "texts per batch"
        ).declaration,
        DefaultedSetting(
            "accumulation", .integer(1...4096), default: defaults.accumulation,
            "batches per step"
        ).declaration,
        DefaultedSetting(
            "rate", .number(0...1), default: defaults.rate,
            "highest learning rate"
        ).declaration,
        DefaultedSetting(
            "lora_plus_ratio", .number(0.001...1000), default: defaults.loraPlusRatio,
            "learning rate of B divided by that of A (LoRA+)"
        ).declaration,
        DefaultedSetting(
            "schedule", .choice, default: defaults.schedule,
            "learning rate after the warm-up"
        ).declaration,
        DefaultedSetting(
            "warmup", .number(0...1), default: defaults.warmup,
            "share of the steps in which the learning rate rises"
        ).declaration,
        DefaultedSetting(
            "weight_decay", .number(0...1), default: defaults.weightDecay,
            "decoupled weight decay of AdamW"
        ).declaration,
        DefaultedSetting(
            "clip", .number(0...1e6), default: defaults.clip,
            "norm that longer gradients are scaled down to; 0 for none"
        ).declaration,
        SettingDeclaration(
            "class_weights",
            .either(
                .object([("enum", .array([.string("none"), .string("balanced")]))]),
                .mapping(to: ValueForm.number(0.000_001...1e6).schema)), "`none`, `balanced`, or a mapping",
            absence: .value(.string("none")), "weights of the labels in the loss"),
        DefaultedSetting(
            "label_smoothing", .number(0...0.99), default: defaults.labelSmoothing,
            "share of the target that is spread over all labels"
        ).declaration,
        DefaultedSetting(
            "keep", .choice, default: defaults.keeping,
            "epoch that becomes the challenger: the last, or the best by a metric on a fifth of the training rows "
                + "set aside"
        ).declaration,
        Setting(
            "patience", .integer(1...1000), absent: "never",
            "epochs without a better one after which training ends"
        ).declaration,
        DefaultedSetting(
            "seed", .integer(0...Int.max), default: Int(clamping: defaults.seed),
            "decides initial weights, order and dropout"
        ).declaration,
        Setting(
            "workers", .integer(1...1024), absent: "one per core",
            "training threads"
        ).declaration,
    ]
}
