import Daemon
import PostgresClient
import Training

/// Rows of a SQL query: columns `text` and `label`, or `labels`, an array, for a multi-label task.
///
/// It runs in a transaction that may only read.
struct RowQuery {
    let sql: String
    let database: Secret

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
        let columns = Set(result.columns)
        let isMultiLabel = rows.options.isMultiLabel
        let label = isMultiLabel && columns.contains("labels") ? "labels" : "label"
        guard columns.contains("text"), columns.contains(label) else {
            let wanted = isMultiLabel ? "text and labels" : "text and label"
            throw CommandFailure(.failed, "query: its columns must be \(wanted), they are \(result.columns.joined(separator: ", "))")
        }
        for (index, row) in result.rows.enumerated() {
            try Self.add(row, label: label, line: index + 1, to: &rows)
        }
    }

    private static func add(_ row: PostgresRow, label: String, line: Int, to rows: inout RowCollection) throws {
        let labels: RowCollection.Labels?
        do {
            if label == "labels" {
                labels = try row.optionalTexts(label).map { .set($0.map { $0 ?? "" }) }
            } else {
                labels = try row.optionalText(label).map(RowCollection.Labels.text)
            }
        } catch {
            return try rows.refuse(line: line, reason: "\(label) is no array of texts")
        }
        guard let text = try row.optionalText("text") else { return try rows.refuse(line: line, reason: "text is null") }
        guard let labels else { return try rows.refuse(line: line, reason: "\(label) is null") }
        try rows.add(text: text, labels: labels, line: line)
    }
}
