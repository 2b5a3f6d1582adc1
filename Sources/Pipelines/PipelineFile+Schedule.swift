import Retraining

extension PipelineFile {
    /// Reads when the daemon retrains, and how often it may promote.
    static func readSchedule(_ section: ConfigurationSection, into retrain: inout RetrainConfiguration) {
        if let times = section.read(ScheduleKeys.times) {
            retrain.times = times
            section[RetrainKeys.every.declaration]?.problem(
                "is given beside times; one of them says when to retrain")
        }
        if let age = section.read(ScheduleKeys.maximumAge) { retrain.maximumAge = age }
        if let flag = section.read(ScheduleKeys.onDrift) { retrain.onDrift = flag }
        if let interval = section.read(ScheduleKeys.minimumPromotionInterval) {
            retrain.minimumPromotionInterval = interval
        }
        if let limit = section.read(ScheduleKeys.timeLimit) { retrain.timeLimit = limit }
        if let share = section.read(ScheduleKeys.newestHoldOut) { retrain.newestHoldOut = share }
        if let looks = section.read(ScheduleKeys.maximumLooks) { retrain.maximumLooks = looks }
        if let paused = section[ScheduleKeys.paused].flatMap(readPaused) { retrain.paused = paused }
    }

    private static func readPaused(_ value: ConfigurationValue) -> RetrainConfiguration.Paused? {
        if case .sequence = value.node.content {
            return value.list("true, false or a list of tasks").map { .tasks(Set($0.compactMap { $0.name() })) }
        }
        return value.flag().map { $0 ? .all : .none }
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
        schedule.times = times
        schedule.maximumAge = maximumAge
        schedule.startsOnDrift = onDrift
        schedule.minimumPromotionInterval = minimumPromotionInterval
        return schedule
    }
}
