import BERT

/// `long_texts` of a task.
enum LongTextKeys {
    private static let defaults = LongTexts()
    static let window = DefaultedSetting(
        "window", .integer(LongTexts.windows), default: defaults.window,
        "tokens of a window, [CLS] and [SEP] included; at most as many as the base has positions")
    static let stride = Setting(
        "stride", .integer(LongTexts.strides), absent: "three quarters of `window`",
        "tokens from the beginning of a window to that of the next; at most `window`. Windows begin between words",
        examples: ["192"])
    static let pool = DefaultedSetting(
        "pool", .choice, default: defaults.pool,
        "`mean`: mean of the windows' scores, weighted by tokens; `max`: each label's best window; `first`: the first "
            + "window")
    static let maximumWindows = DefaultedSetting(
        "maximum_windows", .integer(LongTexts.counts), default: defaults.maximumWindows,
        "maximum number of windows per text: the first, the last, and others spread evenly between them")

    static let section = SettingSection(
        "tasks.NAME.long_texts",
        [window.declaration, stride.declaration, pool.declaration, maximumWindows.declaration])

    static func read(_ value: ConfigurationValue) -> LongTexts? {
        guard let section = value.section(section) else { return nil }
        var longTexts = LongTexts(window: section.read(window) ?? defaults.window)
        if let stride = section.read(stride) { longTexts.stride = stride }
        if let pool = section.read(pool) { longTexts.pool = pool }
        if let maximum = section.read(maximumWindows) { longTexts.maximumWindows = maximum }
        guard let problem = longTexts.problem else { return longTexts }
        (section[stride.declaration] ?? value).problem(problem.reason)
        return nil
    }
}
