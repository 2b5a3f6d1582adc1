import Pipelines
import PostgresClient
import Training

/// Labelled rows of a SQL query, which runs in a read-only transaction.
///
/// One column holds the texts, one the labels: text, numbers, booleans, JSON or an array. They are found as in files.
struct RowQuery {
    let sql: String
    let database: Secret

    /// Adds the rows; the error of a row names its number, from 1.
    func read(into rows: inout RowCollection) throws {
        let result: PostgresResult
        do {
            let connection = try PostgresConnection(dsn: database.value, applicationName: "lorikeet train")
            defer { connection.close() }
            try connection.execute("BEGIN READ ONLY")
            result = try connection.execute(sql)
            try connection.execute("ROLLBACK")
        } catch {
            throw CommandFailure(.failed, "query: \(error)")
        }
        rows.begin(source: "query")
        let columns = try rows.columns(named: result.columns)
        let (textName, labelName) = (result.columns[columns.text], result.columns[columns.label])
        let kind = result.columnKinds[columns.label]
        for (index, row) in result.rows.enumerated() {
            guard let text = try row.optionalText(textName) else {
                try rows.refuse(line: index + 1, reason: "\(textName) is null")
                continue
            }
            guard let labels = try Self.labels(row, labelName, kind) else {
                try rows.refuse(line: index + 1, reason: "\(labelName) is null")
                continue
            }
            try rows.add(text: text, labels: labels, line: index + 1)
        }
    }

    /// The labels as files write them; nil for null.
    private static func labels(
        _ row: PostgresRow, _ column: String, _ kind: PostgresColumnKind
    ) throws -> RowCollection.Labels? {
        switch kind {
        case .boolean: return try row.optionalBoolean(column).map { .text(String($0)) }
        case .booleans: return try row.optionalBooleans(column).map { .set($0.map { $0.map(String.init) ?? "" }) }
        case .text: return try row.optionalText(column).map(RowCollection.Labels.text)
        case .json: return try row.optionalText(column).map(RowCollection.Labels.json)
        case .other:
            guard let text = try row.optionalText(column) else { return nil }
            // Of all other types, only arrays begin with a brace.
            return text.hasPrefix("{") ? .set(try row.texts(column).map { $0 ?? "" }) : .text(text)
        }
    }
}
