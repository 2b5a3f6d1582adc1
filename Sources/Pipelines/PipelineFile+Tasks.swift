import BERT
import Serving

extension PipelineFile {
    static func readTasks(
        _ value: ConfigurationValue, file: String, environment: PipelineEnvironment
    ) -> [TaskConfiguration]? {
        guard let entries = value.entries("a mapping of tasks, such as section: { labels: [a, b] }") else { return nil }
        guard !entries.isEmpty else {
            value.problem("is empty: give at least one task")
            return nil
        }
        return entries.compactMap { name, entry in
            guard ConfigurationValue.isName(name) else {
                entry.problem("a task's name has no blanks or control characters and at most 200 characters")
                return nil
            }
            return readTask(entry, name: name, file: file, environment: environment)
        }
    }

    private static func readTask(
        _ value: ConfigurationValue, name: String, file: String, environment: PipelineEnvironment
    ) -> TaskConfiguration? {
        guard let section = value.section(["labels", "multi_label", "abstain_below", "adapter"]) else { return nil }
        let labels = section.required("labels", "a list of labels").flatMap(readLabels)
        let isMultiLabel = section["multi_label"]?.flag()
        let abstention = section["abstain_below"].flatMap(readAbstention)
        let adapter = section["adapter"]?.text("a folder")
        // A task whose labels are wrong is still defined: routes and examples that name it are not wrong for that.
        return TaskConfiguration(
            name: name, labels: labels ?? [], isMultiLabel: isMultiLabel, abstention: abstention,
            adapter: adapter.map { PathResolution.resolve($0, pipelineFile: file, environment: environment) },
            line: value.line)
    }

    /// A score, or the precision that is wanted.
    private static func readAbstention(_ value: ConfigurationValue) -> Abstention? {
        guard case .mapping = value.node.content else { return value.number(0...1).map(Abstention.below) }
        let precision = value.section(["precision"])?.required("precision", "the share of labels that must be right")
        return precision?.number(0.5...1).map(Abstention.precision)
    }

    private static func readLabels(_ value: ConfigurationValue) -> [String]? {
        guard let entries = value.list("a list of labels") else { return nil }
        var labels: [String] = []
        var seen = Set<String>()
        for entry in entries {
            guard let label = readLabel(entry) else { continue }
            if !seen.insert(label).inserted { entry.problem("the label \(label) is given twice") }
            if label.unicodeScalars.contains("\0") { entry.problem("a label cannot hold U+0000") }
            labels.append(label)
        }
        if entries.count == 1 { value.problem("has one label; a task needs at least two") }
        return labels
    }

    /// A label, cleaned as labels of rows are.
    static func readLabel(_ value: ConfigurationValue) -> String? {
        guard let label = value.text("a label").map(LabelNames.cleaned) else { return nil }
        if label.isEmpty {
            value.problem("holds only blanks; it must be a label")
            return nil
        }
        return label
    }

    static func readRoutes(_ value: ConfigurationValue?, tasks: [TaskConfiguration]?) -> [RouteConfiguration]? {
        guard let value else {
            return tasks.map { [RouteConfiguration(conditions: [], tasks: $0.map(\.name), line: 1)] }
        }
        return value.list("a list of routes, such as - tasks: [section]")?.compactMap { readRoute($0, tasks: tasks) }
    }

    private static func readRoute(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> RouteConfiguration? {
        guard let section = value.section(["when", "tasks"]) else { return nil }
        let conditions = section["when"].map(readConditions) ?? []
        let names = section.required("tasks", "a list of tasks")?.list("a list of tasks")
        let routed = names?.compactMap { readRoutedTask($0, tasks: tasks) }
        guard let conditions, let routed else { return nil }
        return RouteConfiguration(conditions: conditions, tasks: routed, line: value.line)
    }

    private static func readRoutedTask(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> String? {
        guard let name = value.text("a task"), let tasks else { return nil }
        guard tasks.contains(where: { $0.name == name }) else {
            value.problem("no task \(name) in tasks" + Suggestion.text(for: name, among: tasks.map(\.name)))
            return nil
        }
        return name
    }

    private static func readConditions(_ value: ConfigurationValue) -> [RouteCondition]? {
        guard let section = value.section(["topic", "header", "key_prefix", "json"]) else { return nil }
        var conditions: [RouteCondition] = []
        if let topic = section["topic"]?.text("a topic") { conditions.append(.topic(topic)) }
        for (name, header) in section["header"]?.entries("a mapping of header names to values") ?? [] {
            if let condition = header.headerCondition(name: name) { conditions.append(condition) }
        }
        if let prefix = section["key_prefix"]?.text("the start of a key") { conditions.append(.keyPrefix(prefix)) }
        for (pointer, field) in section["json"]?.entries("a mapping of JSON Pointers to values") ?? [] {
            if let condition = field.jsonCondition(pointer: pointer) { conditions.append(condition) }
        }
        if section.entries.isEmpty { value.problem("is empty; leave it out for a route that always matches") }
        return conditions
    }
}
