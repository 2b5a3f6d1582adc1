import ArgumentParser
import FoundationEssentials
import JSON

/// `--json`.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON instead of text.")
    var json = false
}

extension JSONValue {
    /// A point in time, as ISO 8601 in UTC.
    static func date(_ date: Date?) -> JSONValue { .optional(date.map { $0.formatted(.iso8601) }) }

    /// A value as one line of JSON: its keys in snake case, sorted.
    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Date {
    /// The point in time as ISO 8601 in UTC, for tables.
    var text: String { formatted(.iso8601) }
}
