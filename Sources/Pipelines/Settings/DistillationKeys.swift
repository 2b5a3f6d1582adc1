import Retraining

/// `retrain.distillation`.
enum DistillationKeys {
    private static let defaults = DistillationPolicy()
    static let use = DefaultedSetting(
        "use", .choice, default: defaults.use,
        "`auto`: if a label of the champion has no row to train on, or more than a tenth of the champion's training "
            + "rows are gone; `always`: whenever there is a champion; `never`")
    static let weight = DefaultedSetting(
        "weight", .number(0.001...1000), default: defaults.settings.weight,
        "factor of the loss on texts without a label; the loss on labelled rows has factor 1")
    static let temperature = DefaultedSetting(
        "temperature", .number(0.1...100), default: defaults.settings.temperature,
        "what the logits of champion and challenger are divided by; above 1, unlikely labels count more")
    static let texts = DefaultedSetting(
        "texts", .integer(1...100_000), default: defaults.texts,
        "maximum number of texts; the newest ones are used")

    static let section = SettingSection(
        "retrain.distillation",
        [use.declaration, weight.declaration, temperature.declaration, texts.declaration])

    /// `retrain.distillation` itself.
    static let declaration = SettingDeclaration(
        "distillation", section.schema, "mapping", absence: .meaning("the defaults of its keys"),
        "when and how a challenger is distilled from the champion on texts without a label")

    static func read(_ value: ConfigurationValue) -> DistillationPolicy? {
        guard let section = value.section(section) else { return nil }
        var policy = DistillationPolicy()
        if let use = section.read(use) { policy.use = use }
        if let weight = section.read(weight) { policy.settings.weight = weight }
        if let temperature = section.read(temperature) { policy.settings.temperature = temperature }
        if let texts = section.read(texts) { policy.texts = texts }
        return policy
    }
}
