import JSON
import Serving

extension PipelineFile {
    static func readRoutes(_ value: ConfigurationValue?, tasks: [TaskConfiguration]?) -> [RouteConfiguration]? {
        guard let value else {
            return tasks.map { [RouteConfiguration(conditions: [], tasks: $0.map(\.name), line: 1)] }
        }
        return value.list("a list of routes, such as - tasks: [section]")?.compactMap { readRoute($0, tasks: tasks) }
    }

    private static func readRoute(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> RouteConfiguration? {
        guard let section = value.section(RouteKeys.section) else { return nil }
        let conditions = section[RouteKeys.when].map(readConditions) ?? []
        let names = section[RouteKeys.tasks]?.list("a list of tasks")
        let routed = names?.compactMap { readRoutedTask($0, tasks: tasks) }
        guard let conditions, let routed else { return nil }
        return RouteConfiguration(conditions: conditions, tasks: routed, line: value.line)
    }

    private static func readRoutedTask(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> String? {
        guard let name = value.text("a task"), let tasks else { return nil }
        guard tasks.contains(where: { $0.name == name }) else {
            value.problem("there is no task \(name) under tasks" + Suggestion.text(for: name, among: tasks.map(\.name)))
            return nil
        }
        return name
    }

    private static func readConditions(_ value: ConfigurationValue) -> [RouteCondition]? {
        guard let section = value.section(ConditionKeys.section) else { return nil }
        var conditions: [RouteCondition] = []
        if let topic = section.read(ConditionKeys.topic) { conditions.append(.topic(topic)) }
        for (name, header) in section[ConditionKeys.header]?.entries("a mapping of header names to values") ?? [] {
            if let condition = header.headerCondition(name: name) { conditions.append(condition) }
        }
        if let prefix = section.read(ConditionKeys.keyPrefix) { conditions.append(.keyPrefix(prefix)) }
        for (pointer, field) in section[ConditionKeys.json]?.entries("a mapping of JSON Pointers to values") ?? [] {
            if let condition = field.jsonCondition(pointer: pointer) { conditions.append(condition) }
        }
        if section.entries.isEmpty { value.problem("is empty; leave it out for a route that always matches") }
        return conditions
    }
}

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
