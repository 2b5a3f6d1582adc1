import FoundationEssentials
import JSON

extension JSONValue {
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
