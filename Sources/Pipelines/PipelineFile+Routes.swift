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
        let routed = names?.compactMap { readTaskName($0, tasks: tasks) }
        guard let conditions, let routed else { return nil }
        return RouteConfiguration(conditions: conditions, tasks: routed, line: value.line)
    }

    /// The name of a task that the file declares.
    static func readTaskName(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> String? {
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
