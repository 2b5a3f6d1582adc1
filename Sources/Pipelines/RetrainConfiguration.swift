import Retraining
import Training

/// `retrain`: when the daemon retrains a task, what the challenger must gain, and how it is trained.
public struct RetrainConfiguration: Sendable, Equatable {
    /// `every`: the least time between the starts of two retrainings.
    public var every = RetrainKeys.every.fallback
    /// `minimum_new_rows`: with fewer new rows since the last retraining, there is none.
    public var minimumNewRows = RetrainKeys.minimumNewRows.fallback
    /// `gate`, `minimum_gain` and `minimum_hold_out`: what the challenger must show on the held-out rows.
    public var gate = GateSettings()
    /// `distillation`: when and how a challenger is distilled from the champion.
    public var distillation = DistillationPolicy()
    /// `maximum_rows`: only the newest labelled rows are used, at most this many.
    public var maximumRows = RetrainKeys.maximumRows.fallback
    /// `query`: the user's own SELECT of labelled rows; nil: the table `annotations`.
    public var query: String?
    /// `since`: how old the rows may be; nil: any age.
    public var since: Duration?
    /// `trust`: what a label of an annotator counts; empty: the newest label of a text counts.
    public var trust: [String: Double] = [:]
    /// `times`: times of the day at which retrainings for new rows start; nil: at any time.
    public var times: CalendarTimes?
    /// `maximum_age`: a live adapter that is older is retrained with one new row.
    public var maximumAge: Duration?
    /// `on_drift`: whether a task whose texts drift is retrained with one new row.
    public var onDrift = ScheduleKeys.onDrift.fallback
    /// `minimum_promotion_interval`: the least time between two promotions of a task.
    public var minimumPromotionInterval = ScheduleKeys.minimumPromotionInterval.fallback
    /// `shadow` and the keys beside it: how a challenger that won labels beside the champion first.
    public var shadow = ShadowSettings()
    /// `paused`: which tasks the daemon does not retrain.
    public var paused = Paused.none
    /// `time_limit`: a retraining that takes longer is ended.
    public var timeLimit = ScheduleKeys.timeLimit.fallback
    /// `newest_hold_out`: the share of the rows that is held out as the newest ones.
    public var newestHoldOut = ScheduleKeys.newestHoldOut.fallback
    /// `maximum_looks`: how often a held challenger is judged at most.
    public var maximumLooks = ScheduleKeys.maximumLooks.fallback
    /// The hyper-parameters, each with a key of its own.
    public var training: TrainingSettings

    /// The defaults.
    public init() {
        training = .automatic
        // The held-out rows judge the challenger and must not choose its epoch.
        training.epochSelection = .last
    }

    /// The settings of a training.
    ///
    /// - Parameter maxTokens: `batch.max_tokens`, which serving and training share.
    public func trainingSettings(maxTokens: Int) -> TrainingSettings {
        var settings = training
        settings.maxTokens = maxTokens
        return settings
    }
}

extension RetrainConfiguration {
    /// Which tasks the daemon does not retrain. `lorikeet retrain` retrains them all the same.
    public enum Paused: Sendable, Equatable {
        /// It retrains every task.
        case none
        /// It retrains nothing.
        case all
        /// It does not retrain these.
        case tasks(Set<String>)

        /// Whether the daemon leaves a task alone.
        public func contains(_ task: String) -> Bool {
            switch self {
            case .none: false
            case .all: true
            case .tasks(let names): names.contains(task)
            }
        }
    }

    /// When the daemon retrains.
    public var schedule: RetrainingSchedule {
        // With times of the day, nothing but failures needs a pause besides.
        var schedule = RetrainingSchedule(every: times == nil ? every : .seconds(60), minimumNewRows: minimumNewRows)
        schedule.minimumHoldOut = gate.minimumHoldOut
        schedule.times = times
        schedule.maximumAge = maximumAge
        schedule.startsOnDrift = onDrift
        schedule.minimumPromotionInterval = minimumPromotionInterval
        return schedule
    }
}
