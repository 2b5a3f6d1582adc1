import Retraining
import Training

extension PipelineFile {
    static func readRetrain(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> RetrainConfiguration? {
        guard let section = value.section(RetrainKeys.section) else { return nil }
        var retrain = RetrainConfiguration()
        if let every = section.read(RetrainKeys.every) { retrain.every = every }
        if let rows = section.read(RetrainKeys.minimumNewRows) { retrain.minimumNewRows = rows }
        if let gate = section[RetrainKeys.gate].flatMap(readGate) { retrain.gate = gate }
        if let policy = section[DistillationKeys.declaration].flatMap(DistillationKeys.read) {
            retrain.distillation = policy
        }
        if let gain = section.read(RetrainKeys.minimumGain) { retrain.gate.minimumGain = gain }
        if let rows = section.read(RetrainKeys.minimumHoldOut) { retrain.gate.minimumHoldOut = rows }
        if let rows = section.read(RetrainKeys.maximumRows) { retrain.maximumRows = rows }
        readRows(section, into: &retrain, tasks: tasks)
        readSchedule(section, into: &retrain)
        // Patience needs a metric, so it changes what is kept unless `keep` is given.
        if section["patience"] != nil {
            retrain.training.epochSelection = .macroF1
            retrain.training.given.insert(Hyperparameter.keep.key)
        }
        for parameter in Hyperparameter.all {
            guard let value = section[parameter.key] else { continue }
            value.read(parameter, into: &retrain.training)
            retrain.training.given.insert(parameter.key)
        }
        checkCombinations(section, retrain.training)
        return retrain
    }

    /// Which rows there are to train on, and what they count.
    private static func readRows(
        _ section: ConfigurationSection, into retrain: inout RetrainConfiguration, tasks: [TaskConfiguration]?
    ) {
        retrain.query = section.read(RetrainKeys.query)
        if let query = retrain.query, !query.contains("$1"), let tasks, tasks.count > 1 {
            section["query"]?.problem(
                "does not say which of the \(tasks.count) tasks a row is for: compare with $1, as in WHERE task = $1")
        }
        retrain.since = section.read(RetrainKeys.since)
        for (annotator, value) in section[RetrainKeys.trust]?.entries("a mapping of annotators to numbers") ?? [] {
            if let trust = value.number(RetrainKeys.trustRange) { retrain.trust[annotator] = trust }
        }
    }

    private static func readGate(_ value: ConfigurationValue) -> GateSettings? {
        guard let section = value.section(GateKeys.section) else { return nil }
        var gate = GateSettings()
        if let rule = section.read(GateKeys.rule) { gate.rule = rule }
        if let confidence = section.read(GateKeys.confidence) { gate.confidence = confidence }
        if let margin = section.read(GateKeys.margin) { gate.margin = margin }
        if let floor = section.read(GateKeys.labelFloor) { gate.labelFloor = floor }
        if let rows = section.read(GateKeys.minimumPerLabel) { gate.minimumPerLabel = rows }
        if let share = section.read(GateKeys.unusableRows) { gate.unusableRows = share }
        if let policy = section.read(GateKeys.unknownTrainingRows) { gate.unknownTrainingRows = policy }
        if let approval = section.read(GateKeys.approve) { gate.approve = approval }
        return gate
    }

    /// Refuses values that are valid one by one, but not together.
    private static func checkCombinations(_ section: ConfigurationSection, _ training: TrainingSettings) {
        if training.alpha < 1e-9 { section["alpha"]?.problem("must be above 0: nothing would be adapted") }
        if training.steps != nil {
            section["epochs"]?.problem("cannot be combined with steps: give one of them")
        }
        if let patience = section["patience"], training.epochSelection == .last {
            patience.problem("needs a metric to choose the best epoch by: set keep to macro-f1, accuracy or loss")
        }
    }
}

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
        readShadow(section, into: &retrain.shadow)
        if let limit = section.read(ScheduleKeys.timeLimit) { retrain.timeLimit = limit }
        if let share = section.read(ScheduleKeys.newestHoldOut) { retrain.newestHoldOut = share }
        if let looks = section.read(ScheduleKeys.maximumLooks) { retrain.maximumLooks = looks }
        if let paused = section[ScheduleKeys.paused].flatMap(readPaused) { retrain.paused = paused }
    }

    private static func readShadow(_ section: ConfigurationSection, into shadow: inout ShadowSettings) {
        if let duration = section.read(ScheduleKeys.shadow) { shadow.duration = duration }
        if let share = section.read(ScheduleKeys.shadowChangedLabels) { shadow.changedLabels = share }
        if let texts = section.read(ScheduleKeys.shadowMinimumTexts) { shadow.minimumTexts = texts }
        if let limit = section.read(ScheduleKeys.shadowTimeLimit) {
            shadow.timeLimit = limit
            if limit < shadow.duration {
                section[ScheduleKeys.shadowTimeLimit.declaration]?.problem("must not be shorter than shadow")
            }
        }
        guard section[ScheduleKeys.shadow.declaration] == nil else { return }
        for key in [
            ScheduleKeys.shadowChangedLabels.declaration, ScheduleKeys.shadowMinimumTexts.declaration,
            ScheduleKeys.shadowTimeLimit.declaration,
        ] {
            section[key]?.problem("has no effect without shadow: give a time such as shadow: 24h")
        }
    }

    private static func readPaused(_ value: ConfigurationValue) -> RetrainConfiguration.Paused? {
        if case .sequence = value.node.content {
            return value.list("true, false or a list of tasks").map { .tasks(Set($0.compactMap { $0.name() })) }
        }
        return value.flag().map { $0 ? .all : .none }
    }
}
