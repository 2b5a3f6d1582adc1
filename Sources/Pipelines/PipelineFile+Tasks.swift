import BERT
import Serving

extension PipelineFile {
    static func readTasks(_ value: ConfigurationValue) -> [TaskConfiguration]? {
        guard let entries = value.entries("a mapping of tasks, such as section: { labels: [a, b] }") else { return nil }
        guard !entries.isEmpty else {
            value.problem("is empty: give at least one task")
            return nil
        }
        return entries.compactMap { name, entry in
            guard ConfigurationValue.isName(name) else {
                entry.problem("a task name must have no blanks or control characters, and at most 200 characters")
                return nil
            }
            return readTask(entry, name: name)
        }
    }

    private static func readTask(_ value: ConfigurationValue, name: String) -> TaskConfiguration? {
        guard let section = value.section(TaskKeys.section) else { return nil }
        let labels = section[TaskKeys.labels].flatMap(readLabels)
        let isMultiLabel = section.read(TaskKeys.multiLabel)
        let abstention = section[TaskKeys.abstainBelow].flatMap(readAbstention)
        let noneOfThese = section[TaskKeys.noneOfThese].flatMap(readNoneOfThese)
        let longTexts = section[TaskKeys.longTexts].flatMap(LongTextKeys.read)
        let adapter = section.read(TaskKeys.adapter)
        let mapping = readMapping(section, labels: labels ?? [])
        // A task whose labels are wrong is still defined: routes and examples that name it are not wrong for that.
        return TaskConfiguration(
            name: name, labels: labels ?? [], isMultiLabel: isMultiLabel, abstention: abstention,
            noneOfThese: noneOfThese, longTexts: longTexts, adapter: adapter, mapping: mapping, line: value.line)
    }

    /// A score, or the required precision.
    private static func readAbstention(_ value: ConfigurationValue) -> Abstention? {
        guard case .mapping = value.node.content else {
            return value.number(AbstentionKeys.scores).map(Abstention.below)
        }
        return value.section(AbstentionKeys.section)?.read(AbstentionKeys.precision).map(Abstention.precision)
    }

    /// A distance, or the share of false alarms.
    private static func readNoneOfThese(_ value: ConfigurationValue) -> NoneOfThese? {
        guard case .mapping = value.node.content else {
            return value.number(NoneOfTheseKeys.distances).map(NoneOfThese.beyond)
        }
        return value.section(NoneOfTheseKeys.section)?.read(NoneOfTheseKeys.falseAlarms).map(NoneOfThese.falseAlarms)
    }

    private static func readLabels(_ value: ConfigurationValue) -> [String]? {
        guard let entries = value.list("a list of labels") else { return nil }
        var labels: [String] = []
        var seen = Set<String>()
        for entry in entries {
            guard let label = readLabel(entry) else { continue }
            if !seen.insert(label).inserted { entry.problem("the label \(label) is listed twice") }
            if label.unicodeScalars.contains("\0") { entry.problem("a label cannot contain U+0000") }
            labels.append(label)
        }
        if entries.count == 1 { value.problem("has one label; a task needs at least two") }
        return labels
    }

    /// A label, cleaned as labels of rows are.
    static func readLabel(_ value: ConfigurationValue) -> String? {
        guard let label = value.text("a label").map(LabelNames.cleaned) else { return nil }
        if label.isEmpty {
            value.problem("is blank; it must be a label")
            return nil
        }
        return label
    }
}
