import FoundationEssentials
import JSON
import WordPiece

/// A task of Label Studio's JSON export: `{"data": {"text": …}, "annotations": [{"result": […]}, …]}`.
struct LabelStudioTask {
    /// The data that annotators saw.
    let data: [(key: String, value: JSONValue)]
    let annotations: [JSONValue]

    /// nil if the object is not a task.
    init?(_ value: JSONValue) {
        guard case .object(let members) = value, case .object(let data)? = value["data"] else { return nil }
        let list = value["annotations"] ?? value["completions"]
        let isTask =
            list != nil || value["predictions"] != nil
            || members.allSatisfy { ["id", "data", "meta"].contains($0.key) }
        guard isTask else { return nil }
        self.data = data
        if case .array(let elements)? = list { annotations = elements } else { annotations = [] }
    }

    /// The labels of each annotation that was not cancelled, the newest last.
    ///
    /// - Parameters:
    ///   - requested: the control whose choices count; nil: the only one.
    ///   - control: the control that was found, shared by all tasks.
    func labels(of requested: String?, control: inout String?) throws(RowRefusal) -> [RowCollection.Labels] {
        let valid = annotations.enumerated().filter { annotation in
            guard case .object = annotation.element else { return false }
            if case .boolean(true)? = annotation.element["was_cancelled"] { return false }
            return true
        }
        guard !valid.isEmpty else {
            throw RowRefusal(reason: "has no annotation: the task was skipped, or only predicted")
        }
        var labels: [RowCollection.Labels] = []
        let dated = valid.map { offset, annotation in
            (time: Self.time { annotation[$0] } ?? .distantPast, offset: offset, annotation: annotation)
        }
        for (_, _, annotation) in dated.sorted(by: { ($0.time, $0.offset) < ($1.time, $1.offset) }) {
            labels.append(.set(try Self.choices(of: annotation, requested, &control)))
        }
        return labels
    }

    /// When an annotation was given, by the first of its members that is a time.
    static func time(_ value: (String) -> JSONValue?) -> Date? {
        for key in ["updated_at", "created_at"] {
            if case .string(let text)? = value(key), let time = TimeText(text.trimmed) { return time.date }
        }
        return nil
    }

    static func choices(
        of annotation: JSONValue, _ requested: String?, _ control: inout String?
    ) throws(RowRefusal) -> [String] {
        guard case .array(let results)? = annotation["result"] else { return [] }
        var labels: [String] = []
        var other: String?
        for result in results {
            let name = if case .string(let name)? = result["from_name"] { name } else { "" }
            if let requested, name != requested { continue }
            guard let choices = result["value"]?["choices"] else {
                if result["value"]?["start"] != nil { throw JSONLabels.spans }
                if case .string(let type)? = result["type"] { other = type }
                continue
            }
            if requested == nil, let control, control != name {
                throw RowRefusal(
                    reason: "\"\(control)\" and \"\(name)\" are both controls with choices",
                    remedy: .labelColumn(among: [control, name]))
            }
            control = name
            switch try JSONLabels.labels(choices, name: "choices") {
            case .text(let label), .json(let label): labels.append(label)
            case .set(let set): labels += set
            }
        }
        guard labels.isEmpty, let other else { return labels }
        throw RowRefusal(reason: "is annotated by \"\(other)\"; only choices are labels")
    }
}
