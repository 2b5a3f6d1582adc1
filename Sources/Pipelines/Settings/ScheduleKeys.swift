import JSON
import Retraining

/// The keys of `retrain` that say when a retraining starts, how long it takes at most, how often it may promote, and
/// what a challenger that won must show on live texts first.
enum ScheduleKeys {
    static let times = Setting(
        "times", .calendarTimes, absent: "at any time, spaced by `every`",
        "times in UTC at which retrainings for new rows start; instead of `every`",
        examples: [#""daily at 03:00""#, #""monday, thursday at 03:00""#])
    static let maximumAge = Setting(
        "maximum_age", .duration(.seconds(60)...year), absent: "age starts none",
        "a live adapter that is older is retrained as soon as there is one new row",
        examples: ["30d"])
    static let onDrift = DefaultedSetting(
        "on_drift", .flag, default: false,
        "whether a task whose texts drift is retrained as soon as there is one new row")
    static let minimumPromotionInterval = DefaultedSetting(
        "minimum_promotion_interval", .duration(.zero...year), default: .zero,
        "least time between two promotions of a task; until it has passed, the daemon starts no retraining, and a "
            + "challenger that wins is held")
    static let shadow = DefaultedSetting(
        "shadow", .duration(.zero...year), default: ShadowSettings().duration,
        "how long a winning challenger labels beside the champion before it goes live; its labels go to "
            + "`shadow_labels`")
    static let shadowChangedLabels = DefaultedSetting(
        "shadow_changed_labels", .number(0...1), default: ShadowSettings().changedLabels,
        "share of the labels that a challenger may change in its shadow; one that changes more is held and waits "
            + "for a person")
    static let shadowMinimumTexts = DefaultedSetting(
        "shadow_minimum_texts", .integer(1...Int.max), default: ShadowSettings().minimumTexts,
        "minimum number of texts that champion and challenger must both have labelled before a shadow ends")
    static let shadowTimeLimit = DefaultedSetting(
        "shadow_time_limit", .duration(.seconds(1)...year), default: ShadowSettings().timeLimit,
        "when a shadow ends even with fewer texts, but no sooner than `shadow`; its challenger is held and waits for a "
            + "person")
    static let paused = SettingDeclaration(
        "paused", .either(ValueForm.flag.schema, .list(of: .scalar, atLeast: 1)),
        "`true`, `false`, or a list of tasks", absence: .value(.boolean(false)),
        "whether the daemon retrains nothing, or which tasks it does not retrain",
        examples: ["true", "[urgency]"])
    static let timeLimit = DefaultedSetting(
        "time_limit", .duration(.seconds(1)...year), default: .seconds(6 * 3600),
        "a retraining that takes longer is ended, and its verdict is `failed`; also one by `lorikeet retrain`")
    static let newestHoldOut = DefaultedSetting(
        "newest_hold_out", .number(0...0.5), default: RetrainingSettings().newestShare,
        "share of the rows that is held out as the newest ones, beside the fifth that a hash holds out")
    static let maximumLooks = DefaultedSetting(
        "maximum_looks", .integer(1...100), default: RetrainingSettings().maximumLooks,
        "how often a held challenger is judged at most before it is rejected")

    static let declarations = [
        times.declaration, maximumAge.declaration, onDrift.declaration, minimumPromotionInterval.declaration,
        shadow.declaration, shadowChangedLabels.declaration, shadowMinimumTexts.declaration,
        shadowTimeLimit.declaration, paused, timeLimit.declaration, newestHoldOut.declaration, maximumLooks.declaration,
    ]

    private static let year = Duration.seconds(366 * 86400)
}

extension ValueForm where Value == CalendarTimes {
    /// Times in the hour, day or week.
    static var calendarTimes: ValueForm {
        ValueForm(
            schema: .string(matching: CalendarTimes.pattern),
            words: "`hourly at :15`, `daily at 03:00`, `monday, thursday at 03:00`",
            read: { value in
                guard let text = value.text("times such as \(CalendarTimes.forms)") else { return nil }
                if let times = CalendarTimes(text) { return times }
                value.problem("must be times such as \(CalendarTimes.forms); \"\(text.prefix(40))\" is not")
                return nil
            }, write: { .string($0.text) })
    }
}
