import Retraining
import Training

/// `retrain.gate`.
enum GateKeys {
    private static let defaults = GateSettings()
    static let rule = DefaultedSetting(
        "rule", .choice, default: defaults.rule,
        "`better`: significantly fewer errors and a significantly higher macro-F1; `not_worse`: worse by no more than "
            + "`margin`, for tasks that must follow a drifting stream")
    static let confidence = DefaultedSetting(
        "confidence", .number(0.5...0.9999), default: defaults.confidence,
        "1 - `confidence` is the largest share of challengers that are no better and are promoted all the same, over "
            + "all looks")
    static let margin = DefaultedSetting(
        "margin", .number(0...1), default: defaults.margin,
        "accuracy and macro-F1 that a challenger may lose under `not_worse`")
    static let labelFloor = DefaultedSetting(
        "label_floor", .number(0...1), default: defaults.labelFloor,
        "recall that a label may lose; what chance explains is no loss")
    static let minimumPerLabel = DefaultedSetting(
        "minimum_per_label", .integer(1...Int.max), default: defaults.minimumPerLabel,
        "held-out rows from which on a label is judged by itself; rarer labels are judged together")
    static let unusableRows = DefaultedSetting(
        "unusable_rows", .number(0...1), default: defaults.unusableRows,
        "share of the rows that may be unusable, such as by an unknown label; more hold the challenger")
    static let unknownTrainingRows = DefaultedSetting(
        "unknown_training_rows", .choice, default: defaults.unknownTrainingRows,
        "whether a challenger is held where it is unknown which rows an adapter was trained on")
    static let approve = DefaultedSetting(
        "approve", .choice, default: defaults.approve,
        "`person`: a challenger that passed is held until `lorikeet adapters promote`")

    static let section = SettingSection(
        "retrain.gate",
        [
            rule.declaration, confidence.declaration, margin.declaration, labelFloor.declaration,
            minimumPerLabel.declaration, unusableRows.declaration, unknownTrainingRows.declaration,
            approve.declaration,
        ])
}
