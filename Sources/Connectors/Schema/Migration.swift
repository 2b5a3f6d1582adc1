import PostgresClient

/// One step of the schema. A released step never changes: what comes later is a step of its own.
struct Migration: Sendable {
    let version: Int
    let name: String
    /// One command each, in order. All run in one transaction.
    let statements: [String]
}

extension Migration {
    /// All steps, by version from 1 without a gap.
    static let all: [Migration] = [
        .tables, .leases, .gate, .annotationQueue, .drift, .shadow, .distances, .precision, .longTexts, .outbox,
        .messages, .labelsHistory, .retention, .traceParent, .adapterChanges, .dtype, .wholeHistory,
        .annotatedKeys, .promotions, .acceptedDtype,
    ]
}

/// The comment on a table or column, as psql shows it (`\dt+`, `\d+`). `docs/schema.md` is made from them.
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
