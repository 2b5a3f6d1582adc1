import BERT

extension PipelineFile {
    /// Reads `rename`, `merge` and `retire` of a task.
    ///
    /// - Parameter labels: those of the task; empty if they could not be read.
    static func readMapping(_ section: ConfigurationSection, labels: [String]) -> LabelMapping {
        var changes: [LabelChange] = []
        for (old, value) in section[TaskKeys.rename]?.entries("a mapping such as { urgent: high }") ?? [] {
            guard let target = readLabel(value), let old = value.oldLabel(old) else { continue }
            changes.append(LabelChange(label: old, target: target, value: value))
        }
        for (target, value) in section[TaskKeys.merge]?.entries("a mapping such as { high: [urgent] }") ?? [] {
            guard let target = value.oldLabel(target) else { continue }
            for value in value.list("a list of old labels") ?? [] {
                guard let old = readLabel(value) else { continue }
                changes.append(LabelChange(label: old, target: target, value: value))
            }
        }
        for value in section[TaskKeys.retire]?.list("a list of old labels", mayBeEmpty: true) ?? [] {
            guard let old = readLabel(value) else { continue }
            changes.append(LabelChange(label: old, target: nil, value: value))
        }
        return mapping(changes, labels: labels)
    }

    /// Adds a problem for each change that contradicts another one, or the task's labels.
    private static func mapping(_ changes: [LabelChange], labels: [String]) -> LabelMapping {
        var first: [String: LabelChange] = [:]
        for change in changes {
            if let known = first[change.label] {
                change.value.problem("\(change.label) is mapped twice; first on line \(known.value.line)")
            } else {
                first[change.label] = change
            }
        }
        var mapping = LabelMapping()
        for change in changes {
            if let problem = problem(with: change, first, labels: labels) {
                change.value.problem(problem)
            } else if let target = change.target {
                mapping.targets[change.label] = target
            } else {
                mapping.retired.insert(change.label)
            }
        }
        return mapping
    }

    private static func problem(
        with change: LabelChange, _ changes: [String: LabelChange], labels: [String]
    ) -> String? {
        if change.label == change.target { return "\(change.label) is mapped to itself" }
        if !labels.isEmpty, labels.contains(change.label) {
            return "\(change.label) is still one of the task's labels; take it out of labels, or out of here"
        }
        guard let target = change.target else { return nil }
        if let next = changes[target], next.target != target {
            let fate = next.target.map { "is mapped to \($0)" } ?? "is retired"
            return "\(target) \(fate) itself; map \(change.label) to a label that the task has"
        }
        guard !labels.isEmpty, !labels.contains(target) else { return nil }
        return "the task has no label \(target)" + Suggestion.text(for: target, among: labels)
    }
}

/// What became of one label.
private struct LabelChange {
    let label: String
    /// nil if nothing stands for it.
    let target: String?
    /// Where the file says so.
    let value: ConfigurationValue
}
