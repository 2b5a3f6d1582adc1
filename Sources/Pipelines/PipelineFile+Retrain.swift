import Retraining
import Training

extension PipelineFile {
    static func readRetrain(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> RetrainConfiguration? {
        guard let section = value.section(RetrainKeys.section) else { return nil }
        var retrain = RetrainConfiguration()
        if let every = section.read(RetrainKeys.every) { retrain.every = every }
        if let rows = section.read(RetrainKeys.minimumNewRows) { retrain.minimumNewRows = rows }
        if let gate = section[RetrainKeys.gate].flatMap(readGate) { retrain.gate = gate }
        if let gain = section.read(RetrainKeys.minimumGain) { retrain.gate.minimumGain = gain }
        if let rows = section.read(RetrainKeys.minimumHoldOut) { retrain.gate.minimumHoldOut = rows }
        if let rows = section.read(RetrainKeys.maximumRows) { retrain.maximumRows = rows }
        readRows(section, into: &retrain, tasks: tasks)
        readSchedule(section, into: &retrain)
        // Patience needs a metric, so it changes what is kept unless `keep` is given.
        if section["patience"] != nil { retrain.training.epochSelection = .macroF1 }
        for parameter in Hyperparameter.all {
            if let value = section[parameter.key] { value.read(parameter, into: &retrain.training) }
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

extension ConfigurationValue {
    /// Reads the value of a hyper-parameter, or adds a problem and changes nothing.
    fileprivate func read(_ parameter: Hyperparameter, into training: inout TrainingSettings) {
        switch parameter.value {
        case .integer(let path):
            if let number = integer(parameter.fileIntegers) { training[keyPath: path] = number }
        case .optionalInteger(let path):
            if let number = integer(parameter.fileIntegers) { training[keyPath: path] = number }
        case .unsigned(let path):
            if let number = integer(parameter.fileIntegers) { training[keyPath: path] = UInt64(number) }
        case .number(let path):
            if let number = number(parameter.fileNumbers) { training[keyPath: path] = Float(number) }
        case .flag(let path):
            if let flag = flag() { training[keyPath: path] = flag }
        case .choice(let choice):
            if let name = self.choice(among: choice.names) { choice.set(name, in: &training) }
        case .targets(let path):
            if let targets = list("a list of layers such as [query, value]") {
                training[keyPath: path] = targets.compactMap { $0.text("the name of a linear layer") }
            }
        case .layers(let path): training[keyPath: path] = layers(parameter.fileIntegers)
        case .classWeights(let path):
            if let weights = classWeights() { training[keyPath: path] = weights }
        }
    }

    /// `all` or a list of layers; nil is all.
    private func layers(_ range: ClosedRange<Int>) -> [Int]? {
        if case .scalar("all", _) = node.content { return nil }
        return list("all, or a list of layers such as [3, 4, 5]")?.compactMap { $0.integer(range) }
    }

    /// `none`, `balanced`, or a mapping of labels to weights.
    private func classWeights() -> ClassWeighting? {
        if case .scalar(let text, _) = node.content {
            switch text {
            case "none": return ClassWeighting.none
            case "balanced": return .balanced
            default: break
            }
        }
        guard let entries = entries("none, balanced, or a mapping of labels to weights") else { return nil }
        var weights: [String: Float] = [:]
        for (label, weight) in entries {
            if let number = weight.number(RetrainKeys.classWeights) { weights[label] = Float(number) }
        }
        return .given(weights)
    }
}
