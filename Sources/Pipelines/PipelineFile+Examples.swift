extension PipelineFile {
    static func readExamples(_ value: ConfigurationValue?, tasks: [TaskConfiguration]?) -> [ExampleConfiguration]? {
        guard let value else { return [] }
        let entries = value.list("a list of { text: …, task: …, label: … }", mayBeEmpty: true)
        return entries?.compactMap { readExample($0, tasks: tasks) }
    }

    private static func readExample(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> ExampleConfiguration? {
        guard let section = value.section(ExampleKeys.section) else { return nil }
        let text = section.read(ExampleKeys.text)
        let task = section.read(ExampleKeys.task)
        let labels = readExampleLabels(section)
        guard let text, let task, let labels, let tasks else { return nil }
        guard let defined = tasks.first(where: { $0.name == task }) else {
            let hint = Suggestion.text(for: task, among: tasks.map(\.name))
            section[ExampleKeys.task.declaration]?.problem("there is no task \(task) under tasks" + hint)
            return nil
        }
        if let unknown = labels.first(where: { !defined.labels.contains($0) }) {
            (section[ExampleKeys.labels] ?? section[ExampleKeys.label])?.problem(
                "the task \(task) has no label \(unknown)" + Suggestion.text(for: unknown, among: defined.labels))
            return nil
        }
        return ExampleConfiguration(text: text, task: task, labels: labels, line: value.line)
    }

    /// `label`, or of a multi-label task `labels`, which may be none.
    private static func readExampleLabels(_ section: ConfigurationSection) -> [String]? {
        guard let set = section[ExampleKeys.labels] else {
            guard let label = section[ExampleKeys.label] else {
                let value = section.value
                value.context.problems.add(
                    at: value.position, key: value.path(of: ExampleKeys.label.key), "is missing: the expected label")
                return nil
            }
            return readLabel(label).map { [$0] }
        }
        if let label = section[ExampleKeys.label] {
            label.problem("cannot be combined with labels: give one of them")
            return nil
        }
        return set.list("a list of labels", mayBeEmpty: true)?.compactMap(readLabel)
    }
}
