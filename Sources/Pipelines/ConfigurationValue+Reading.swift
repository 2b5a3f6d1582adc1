import BERT
import JSON
import Retraining
import Serving
import Training

extension ConfigurationValue {
    /// A header with this value; `name:` without a value is satisfied by any.
    func headerCondition(name: String) -> RouteCondition? {
        if isNull { return .header(name: name, value: nil) }
        return text("a header's value, or nothing for any", mayBeEmpty: true).map { .header(name: name, value: $0) }
    }

    /// A JSON field with this value.
    func jsonCondition(pointer text: String) -> RouteCondition? {
        guard let pointer = PipelineFile.pointer(text) else {
            problem("must be a JSON Pointer such as /kind")
            return nil
        }
        return jsonScalar().map { .json(pointer: pointer, value: $0) }
    }

    /// The value of a JSON field: `null`, `true`, `false` and numbers as YAML writes them. Everything else is a text,
    /// and so is everything that is quoted or filled in.
    private func jsonScalar() -> JSONScalar? {
        if isNull { return .null }
        guard let text = text("a field's value", mayBeEmpty: true) else { return nil }
        guard case .scalar(text, isPlain: true) = node.content else { return .string(text) }
        if text == "true" || text == "false" { return .boolean(text == "true") }
        let isNumber = text.first.map { "-0123456789".contains($0) } ?? false
        return isNumber ? Double(text).map(JSONScalar.number) ?? .string(text) : .string(text)
    }
}

extension ConfigurationValue {
    /// A label that is a key of a mapping, cleaned as labels of rows are; nil, with a problem, if nothing is left.
    func oldLabel(_ key: String) -> String? {
        let label = LabelNames.cleaned(key)
        guard label.isEmpty else { return label }
        problem("the key is blank; it must be a label")
        return nil
    }
}

extension ConfigurationValue {
    /// Reads the value of a hyper-parameter, or adds a problem and changes nothing.
    func read(_ parameter: Hyperparameter, into training: inout TrainingSettings) {
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
