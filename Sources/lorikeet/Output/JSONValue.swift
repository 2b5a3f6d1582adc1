import Foundation

/// A JSON value whose objects keep their order: `label` stands before `scores`, labels in the adapter's order.
enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// Shortest digits that read back as the same number; null if it is none.
    case number(Double)
    /// As `number`, with the digits that a float needs.
    case float(Float)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// One line, no blanks.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? value.description : "null"
        case .float(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Controls, and the two separators that end a line in JavaScript.
            case "\u{0}"..<"\u{20}", "\u{7f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    static func == (left: JSONValue, right: JSONValue) -> Bool { left.text == right.text }
}

extension JSONValue {
    /// A number where there is one.
    static func optional(_ number: Double?) -> JSONValue { number.map { .number($0) } ?? .null }

    /// A string where there is one.
    static func optional(_ string: String?) -> JSONValue { string.map { .string($0) } ?? .null }

    /// A point in time, as ISO 8601 in UTC.
    static func date(_ date: Date?) -> JSONValue { .optional(date.map { $0.formatted(.iso8601) }) }

    /// The value in the library's words: keys in snake case, sorted.
    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
