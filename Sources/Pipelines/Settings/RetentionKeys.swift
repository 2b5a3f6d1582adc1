import Serving

/// `retention`.
enum RetentionKeys {
    /// A shorter one would delete rows that are about to be read; a hundred years is for ever.
    private static let ages = Duration.seconds(3600) ... .seconds(Int64(DurationText.longestSeconds))

    static let labels = Setting(
        "labels", .duration(ages), absent: "for ever", "age at which rows of `labels` are deleted, since `labelled_at`",
        examples: ["365d"])
    static let rejected = Setting(
        "rejected", .duration(ages), absent: "for ever",
        "age at which rows of `rejected` are deleted, since `rejected_at`",
        examples: ["30d"])
    static let texts = Setting(
        "texts", .duration(ages), absent: "as `labels`",
        "age at which texts (rows of `messages`) are deleted, since `stored_at`; at most `labels`",
        examples: ["90d"])
    static let history = Setting(
        "history", .duration(ages), absent: "as `labels`",
        "age at which rows of `labels_history` are deleted, since `replaced_at`; at most `labels`",
        examples: ["90d"])
    static let shadowLabels = Setting(
        "shadow_labels", .duration(ages), absent: "as `labels`",
        "age at which rows of `shadow_labels` are deleted, since `labelled_at`; at most `labels`",
        examples: ["30d"])

    static let section = SettingSection(
        "retention",
        [
            labels.declaration, rejected.declaration, texts.declaration, history.declaration,
            shadowLabels.declaration,
        ])

    /// What belongs to a label is not kept longer than the label: nothing would lead to it any more.
    static func read(_ value: ConfigurationValue) -> RetentionPolicy? {
        guard let section = value.section(section) else { return nil }
        var retention = RetentionPolicy()
        retention.labels = section.read(labels)
        retention.rejected = section.read(rejected)
        retention.texts = section.read(texts)
        retention.history = section.read(history)
        retention.shadowLabels = section.read(shadowLabels)
        guard let most = retention.labels else { return retention }
        for (setting, age) in [
            (texts, retention.texts), (history, retention.history), (shadowLabels, retention.shadowLabels),
        ] {
            guard let age, age > most else { continue }
            section[setting.declaration]?.problem(
                "is longer than retention.labels, \(DurationText.format(most)): it belongs to a label, and goes with it"
            )
        }
        return retention
    }
}
