import PostgresClient

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
        let object = column.map { "COLUMN lorikeet.\(table).\(SQLQuoting.identifier($0))" } ?? "TABLE lorikeet.\(table)"
        return "COMMENT ON \(object) IS \(SQLQuoting.literal(text))"
    }
}
