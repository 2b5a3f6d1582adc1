import FoundationEssentials

/// Decides when the daemon retrains a task. It is pure: the daemon's scheduler asks it and does what it says.
public struct RetrainingSchedule: Sendable, Equatable {
    /// The least time between the starts of two retrainings.
    public var every: Duration
    /// Rows that must have been added since the last retraining; at least 1.
    public var minimumNewRows: Int
    /// How many new held-out rows it takes at most to judge a held challenger again.
    public var minimumHoldOut = GateSettings().minimumHoldOut
    /// Times in the day or week: retrainings for new rows start at these only. nil: at any time.
    public var times: CalendarTimes?
    /// A live adapter that is older is retrained as soon as there is a new row.
    public var maximumAge: Duration?
    /// Whether a task whose texts drift is retrained as soon as there is a new row.
    public var startsOnDrift = false
    /// The least time between two promotions: a retraining that could promote sooner does not start.
    public var minimumPromotionInterval = Duration.zero

    /// By how much the clocks of this machine and of the database may differ, in seconds.
    public static let clockSkew = 60.0
    /// The least time between two starts for age or drift beside ``times``: they ask for one new row only, and `every`
    /// may be short there.
    private static let urgentSpacing = Duration.seconds(6 * 3600)
    /// How long a task waits that has a challenger in shadow whose time is over: it lacks texts, or a moment.
    private static let shadowSpacing = Duration.seconds(10)
    /// No failures keep a task from being retrained for longer, unless `every` is longer.
    private static let longestBackoff = Duration.seconds(86400)

    /// - Parameters:
    ///   - every: the least time between two starts.
    ///   - minimumNewRows: 0 counts as 1.
    public init(every: Duration, minimumNewRows: Int) {
        self.every = every
        self.minimumNewRows = max(1, minimumNewRows)
    }

    /// What to do now.
    public enum Decision: Sendable, Equatable {
        /// Start a retraining, for this reason.
        case retrain(RetrainingTrigger)
        /// It is too early, for this long.
        case wait(Duration)
        /// It is time, but this many rows are missing.
        case collect(missing: Int)
    }

    /// What is known of a task. A time in the future, as after a clock was set back, counts as now. Who gathers the
    /// facts leaves such times out, because nothing would start until they have passed.
    public struct Facts: Sendable, Equatable {
        /// When the last retraining began; `nil` if there was none.
        public var lastRun: Date?
        /// Rows that the next retraining has to consider.
        public var newRows: Int
        /// The held-out rows by which a challenger was judged that is held and waits for more; 0 if those do not
        /// matter, because the rows could not judge it or because it only waited for its time. `nil` if none waits.
        public var heldBy: Int?
        /// Whether the held challenger won, and nothing holds it any more: it goes live without new rows.
        public var hasWinner = false
        /// Retrainings that failed since the last one that did not.
        public var failures = 0
        /// When the live version was promoted; `nil` if there is none.
        public var liveSince: Date?
        /// When the shadow of a challenger ends at the earliest; `nil` if none is in shadow.
        public var shadowUntil: Date?
        /// Whether this daemon's texts of the task drift.
        public var isDrifting = false
        /// When the decision was asked for last; `nil` if this process never did.
        public var askedAt: Date?

        /// Facts; the rest as after no failure, without a live version.
        public init(lastRun: Date?, newRows: Int) { (self.lastRun, self.newRows) = (lastRun, newRows) }
    }

    /// Decides.
    public func decision(_ facts: Facts, now: Date) -> Decision {
        if let wait = pause(facts, now: now) { return .wait(wait) }
        if let trigger = urgentTrigger(facts, now: now) { return .retrain(trigger) }
        if let times {
            let due = times.latest(until: now)
            // A retraining that failed is repeated after its pause, not at the next time.
            guard facts.failures > 0 || due > min(facts.askedAt ?? facts.lastRun ?? now, now) else {
                return .wait(.seconds(times.next(after: now).timeIntervalSince(now)))
            }
        }
        let required = requiredRows(facts)
        guard facts.newRows >= required else { return .collect(missing: required - facts.newRows) }
        return .retrain(times == nil && !facts.hasWinner ? .rows : .schedule)
    }

    /// A held challenger is judged again, which trains nothing and needs fewer rows. One that won needs none.
    private func requiredRows(_ facts: Facts) -> Int {
        if facts.hasWinner { return 0 }
        guard let heldBy = facts.heldBy else { return minimumNewRows }
        return min(minimumNewRows, HeldChallenger.requiredRows(heldOut: heldBy, minimum: minimumHoldOut))
    }

    /// Drift or age, which wait neither for ``times`` nor for more than one row.
    private func urgentTrigger(_ facts: Facts, now: Date) -> RetrainingTrigger? {
        guard facts.newRows > 0 else { return nil }
        if times != nil, let lastRun = facts.lastRun, Self.elapsed(lastRun, now) < Self.urgentSpacing { return nil }
        if startsOnDrift, facts.isDrifting { return .drift }
        if let maximumAge, let since = facts.liveSince, Self.elapsed(since, now) >= maximumAge { return .age }
        return nil
    }

    /// Whether nothing may start now, whatever the reason.
    public func isPaused(_ facts: Facts, now: Date) -> Bool { pause(facts, now: now) != nil }

    /// How long nothing may start, whatever the reason.
    private func pause(_ facts: Facts, now: Date) -> Duration? {
        let afterRun = facts.lastRun.map { spacing(failures: facts.failures) - Self.elapsed($0, now) }
        let afterPromotion = facts.liveSince.map { minimumPromotionInterval - Self.elapsed($0, now) }
        // A newer challenger would replace the one in shadow: with a short `every`, no shadow would ever end.
        let afterShadow = facts.shadowUntil.map { max(Self.shadowSpacing, .seconds($0.timeIntervalSince(now))) }
        let pause = [afterRun, afterPromotion, afterShadow].compactMap(\.self).max() ?? .zero
        return pause > .zero ? pause : nil
    }

    /// Doubles with each failure, up to a day.
    private func spacing(failures: Int) -> Duration {
        guard failures > 0 else { return every }
        return max(every, min(every * (1 << min(failures, 30)), Self.longestBackoff))
    }

    private static func elapsed(_ since: Date, _ now: Date) -> Duration {
        .seconds(max(0, now.timeIntervalSince(since)))
    }
}
