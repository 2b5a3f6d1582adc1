import JSON

/// Reads labels from JSON: a string, a number or a boolean, a list of these, or Label Studio's `{"choices": […]}`.
enum JSONLabels {
    /// - Parameter name: the name that errors show.
    static func labels(_ value: JSONValue, name: String) throws(RowRefusal) -> RowCollection.Labels {
        switch value {
        case .array(let elements):
            if elements.contains(where: isSpan) { throw spans }
            var labels: [String] = []
            for element in elements {
                guard let label = try scalar(element) ?? (element.isNull ? "" : nil) else {
                    throw RowRefusal(reason: "\"\(name)\" is not a list of strings or whole numbers")
                }
                labels.append(label)
            }
            return .set(labels)
        case .object:
            guard let choices = value["choices"] else {
                throw RowRefusal(reason: "\"\(name)\" is an object without \"choices\"")
            }
            return try labels(choices, name: "choices")
        case .null: throw RowRefusal(reason: "\"\(name)\" is null")
        case .string, .integer, .number, .boolean:
            guard let label = try scalar(value) else {
                let kind = name == "labels" ? "a list of strings or whole numbers" : "a string or a whole number"
                throw RowRefusal(reason: "\"\(name)\" is not \(kind)")
            }
            return .text(label)
        }
    }

    /// The labels within a text that is JSON; nil if the text is a label itself.
    static func labels(within text: String) throws(RowRefusal) -> RowCollection.Labels? {
        guard let first = text.utf8.first(where: { $0 > 0x20 }),
            first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return nil }
        guard let value = try? JSONParser.parse(Array(text.utf8)) else {
            guard text.hasPrefix("['") || text.hasPrefix("{'") else { return nil }
            throw RowRefusal(reason: "the label is a list as Python prints it, not JSON")
        }
        return try labels(value, name: "label")
    }

    /// The labels that a JSON document holds.
    static func labels(of document: String) throws(RowRefusal) -> RowCollection.Labels {
        guard let value = try? JSONParser.parse(Array(document.utf8)) else {
            throw RowRefusal(reason: "the label is not JSON")
        }
        return try labels(value, name: "label")
    }

    static let spans = RowRefusal(
        reason: "labels spans of the text (sequence labelling), but a task labels whole texts")

    /// The text of a string, a whole number or a boolean; nil for anything else.
    private static func scalar(_ value: JSONValue) throws(RowRefusal) -> String? {
        switch value {
        case .string(let text): return text
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let number): return "\(number)"
        case .number(let number):
            guard let whole = Int64(exactly: number) else { return nil }
            guard whole.magnitude < 1 << 53 else {
                throw RowRefusal(
                    reason: "a label is a number with more digits than JSON preserves; write it as a string")
            }
            return String(whole)
        default: return nil
        }
    }

    /// doccano's `[start, end, label]` and `{"start_offset": …}`, Label Studio's `{"start": …}`.
    private static func isSpan(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let parts):
            guard case .number? = parts.first, case .number? = parts.dropFirst().first else { return false }
            return true
        case .object: return value["start"] != nil || value["start_offset"] != nil
        default: return false
        }
    }
}
