/// One step of the schema, never changed once it was published: what comes later is a step of its own.
struct Migration: Sendable {
    let version: Int
    let name: String
    /// One command each, in order, all in one transaction.
    let statements: [String]
}

extension Migration {
    /// Every step, by version from 1 on without a gap.
    static let all: [Migration] = [.tables, .leases]
}

/// What a person sees in psql beside a table (`\dt+`) or a column (`\d+`).
struct SchemaComment: Sendable {
    let table: String
    /// `nil`: the table itself.
    let column: String?
    let text: String

    init(_ table: String, _ column: String?, _ text: String) {
        (self.table, self.column, self.text) = (table, column, text)
    }

    var statement: String {
        let object = column.map { "COLUMN lorikeet.\(table).\(SQL.identifier($0))" } ?? "TABLE lorikeet.\(table)"
        return "COMMENT ON \(object) IS \(SQL.literal(text))"
    }
}

/// Quoting for commands that take no parameters.
enum SQL {
    static func identifier(_ name: String) -> String { quoted(name, by: "\"") }
    /// For texts without backslashes of meaning: `standard_conforming_strings` is on.
    static func literal(_ text: String) -> String { quoted(text, by: "'") }

    private static func quoted(_ text: String, by quote: Character) -> String {
        var quoted = String(quote)
        for character in text {
            if character == quote { quoted.append(quote) }
            quoted.append(character)
        }
        quoted.append(quote)
        return quoted
    }
}
