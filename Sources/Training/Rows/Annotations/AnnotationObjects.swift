import FoundationEssentials
import JSON

/// Reads annotations from JSON: an object per line, or an array of objects.
struct AnnotationObjects {
    private typealias Members = [(key: String, value: JSONValue)]

    private let options: RowOptions

    init(_ options: RowOptions) { self.options = options }

    func outcomes(of bytes: ArraySlice<UInt8>) -> [AnnotationOutcome] {
        var parser = JSONRowParser(options)
        var control: String?
        if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") {
            guard case .success(let (.array(elements), _)) = JSONRowReader.value(of: bytes) else {
                return [.broken(reason: "not JSON; the file is read as one array, since it begins with [")]
            }
            return elements.enumerated().flatMap { outcomes(of: $1, line: $0 + 1, &parser, &control) }
        }
        return SourceBytes.lines(bytes).enumerated().flatMap { index, line -> [AnnotationOutcome] in
            if line.isEmpty { return [] }
            guard case .success(let (value, _)) = JSONRowReader.value(of: line) else {
                return [.refused(line: index + 1, RowRefusal(reason: "not JSON"))]
            }
            return outcomes(of: value, line: index + 1, &parser, &control)
        }
    }

    private func outcomes(
        of value: JSONValue, line: Int, _ parser: inout JSONRowParser, _ control: inout String?
    ) -> [AnnotationOutcome] {
        do throws(RowRefusal) {
            if let task = LabelStudioTask(value) { return try outcomes(of: task, line: line, &parser, &control) }
            guard case .object(let members) = value else { throw RowRefusal(reason: "not a JSON object") }
            if Self.isUnanswered(members, options) { return [.unanswered] }
            let row = try parser.row(value)
            let answer = Self.annotation(row.text, of: members, line: line)
            return row.labels.map { .answer(answer, $0) }
        } catch {
            return [.refused(line: line, error)]
        }
    }

    // MARK: - Label Studio's tasks

    private func outcomes(
        of task: LabelStudioTask, line: Int, _ parser: inout JSONRowParser, _ control: inout String?
    ) throws(RowRefusal) -> [AnnotationOutcome] {
        let text = try parser.text(of: task.data)
        var outcomes: [AnnotationOutcome] = []
        for case .object(let members) in task.annotations {
            if case .boolean(true)? = Self.value("was_cancelled", members) { continue }
            let labels = try LabelStudioTask.choices(of: .object(members), options.labelColumn, &control)
            // Submitted without a choice: the empty set, or no answer where a text has one label.
            if labels.isEmpty, !options.isMultiLabel { continue }
            var answer = Self.annotation(text, of: task.data, line: line)
            answer.annotator = Self.annotator(members) ?? answer.annotator
            answer.time = Self.time(members)
            outcomes.append(.answer(answer, .set(labels)))
        }
        return outcomes.isEmpty ? [.unanswered] : outcomes
    }

    // MARK: - Members

    /// Whether nobody filled in the label: it is null, an empty text, or an empty list named `label` as doccano writes
    /// it for texts that nobody has looked at. An empty list named `labels` is the empty set.
    private static func isUnanswered(_ members: Members, _ options: RowOptions) -> Bool {
        let names = options.labelColumn.map { [$0] } ?? ["label", "labels"]
        let values = names.compactMap { name in value(name, members).map { (name: name, value: $0) } }
        guard !values.isEmpty else { return false }
        return values.allSatisfy { name, value in
            switch value {
            case .null: true
            case .string(let text): text.allSatisfy(\.isWhitespace)
            case .array(let elements): elements.isEmpty && (name != "labels" || !options.isMultiLabel)
            default: false
            }
        }
    }

    /// Text, annotator, time and record. A tool may keep what it does not know within `meta`.
    private static func annotation(_ text: String, of members: Members, line: Int) -> FileAnnotation {
        let inner = ["meta", "metadata"].compactMap { value($0, members) }.flatMap { value -> Members in
            if case .object(let inner) = value { inner } else { [] }
        }
        let all = members + inner
        return FileAnnotation(
            line: line, text: text, labels: [], annotator: annotator(all), time: time(all), record: record(all))
    }

    private static func annotator(_ members: Members) -> String? {
        for key in ["annotator", "completed_by"] {
            switch value(key, members) {
            case .string(let name)? where !name.allSatisfy(\.isWhitespace): return name
            case .object(let person)?:
                for key in ["email", "username"] {
                    if case .string(let name)? = value(key, person), !name.isEmpty { return name }
                }
            default: continue
            }
        }
        return nil
    }

    private static func time(_ members: Members) -> Date? {
        LabelStudioTask.time { value($0, members) }
    }

    private static func record(_ members: Members) -> FileAnnotation.Record? {
        guard case .string(let topic)? = value("topic", members),
            let partition = value("partition", members).flatMap(integer),
            let offset = value("offset", members).flatMap(integer)
        else { return nil }
        return FileAnnotation.Record(topic: topic, partition: partition, offset: offset)
    }

    private static func integer(_ value: JSONValue) -> Int? {
        switch value {
        case .number(let number): Int(exactly: number)
        // Tools that keep everything as text.
        case .string(let text): Int(text)
        default: nil
        }
    }

    private static func value(_ key: String, _ members: Members) -> JSONValue? {
        members.first { $0.key == key }?.value
    }
}
