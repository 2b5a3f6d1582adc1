import FoundationEssentials
import JSON
import PostgresClient
import Retraining
import Serving

/// Reads a task's labelled rows in a read-only transaction, a few at a time.
struct LabelledRowReader {
    let selection: LabelledRowSelection
    let connection: BoundedConnection

    /// Rows that the client holds beside those that it has converted.
    private static let piece = 1000
    /// For a statement that sorts many rows.
    private static let deadline = Duration.seconds(600)

    /// The newest rows, oldest first.
    func rows(task: String, limit: Int) throws -> [LabelledRow] {
        try withSQL(task) { sql in
            try connection.execute(
                "DECLARE lorikeet_rows NO SCROLL CURSOR FOR \(sql.rows)",
                [.text(task), .integer(Int64(max(0, limit)))], within: Self.deadline)
            var rows: [LabelledRow] = []
            while true {
                let result = try connection.execute(
                    "FETCH FORWARD \(Self.piece) FROM lorikeet_rows", within: Self.deadline)
                for row in result.rows { rows.append(try LabelledRow(row, number: -Int64(rows.count) - 1)) }
                if result.count < Self.piece { break }
            }
            return rows.reversed()
        }
    }

    /// How many of the newest rows have the same labels.
    func groups(task: String, limit: Int) throws -> [LabelCensus.Group] {
        try withSQL(task) { sql in
            let parameters: [PostgresValue] = [.text(task), .integer(Int64(max(0, limit)))]
            return try connection.execute(sql.groups, parameters, within: Self.deadline).rows.map(Self.group)
        }
    }

    /// The same for several tasks: of annotations in one statement. A task without rows has no groups.
    func groups(tasks: [String], limit: Int) throws -> [String: [LabelCensus.Group]] {
        guard selection.query == nil else {
            return Dictionary(uniqueKeysWithValues: try tasks.map { ($0, try self.groups(task: $0, limit: limit)) })
        }
        let sql = LabelledRowSQL(annotationsOfTasks: selection)
        let parameters: [PostgresValue] = [.texts(tasks), .integer(Int64(max(0, limit)))]
        var found: [String: [LabelCensus.Group]] = [:]
        for row in try connection.execute(sql.groupsPerTask, parameters, within: Self.deadline).rows {
            found[try row.text("name"), default: []].append(try Self.group(row))
        }
        return found
    }

    private static func group(_ row: PostgresRow) throws -> LabelCensus.Group {
        LabelCensus.Group(
            row: try LabelledRow(group: row), rows: Int(try row.integer("rows")),
            replaced: Int(try row.integer("replaced")))
    }

    /// The rows added since the task's last retraining that used rows.
    func newRows(task: String) throws -> Int {
        try withSQL(task) { sql in
            Int(try connection.execute(sql.newRows, [.text(task)], within: Self.deadline).first?.integer("rows") ?? 0)
        }
    }

    /// The same for several tasks: of annotations in one statement.
    func newRows(tasks: [String]) throws -> [String: Int] {
        guard selection.query == nil else {
            return Dictionary(uniqueKeysWithValues: try tasks.map { ($0, try newRows(task: $0)) })
        }
        let sql = LabelledRowSQL(annotationsOfTasks: selection)
        let result = try connection.execute(sql.newRowsPerTask, [.texts(tasks)], within: Self.deadline)
        return Dictionary(
            uniqueKeysWithValues: try result.rows.map { (try $0.text("name"), Int(try $0.integer("rows"))) })
    }

    /// Plans the statement that reads the rows, and runs nothing.
    func plan(task: String) throws -> String {
        try withSQL(task) { sql in
            let result = try connection.execute("EXPLAIN (VERBOSE) \(sql.rows)", [.text(task), .integer(1)])
            return try result.rows.map { try $0.text("QUERY PLAN") }.joined(separator: "\n")
        }
    }

    /// Runs the body in a read-only transaction, so that a SELECT that writes is refused.
    private func withSQL<Value>(_ task: String, _ body: (LabelledRowSQL) throws -> Value) throws -> Value {
        do {
            return try connection.readOnlyTransaction {
                let sql =
                    try selection.query.map {
                        try LabelledRowSQL(query: $0, selection, on: connection, task: task)
                    } ?? LabelledRowSQL(annotations: selection)
                return try body(sql)
            }
        } catch let error as PostgresError where selection.query != nil {
            guard let problem = LabelledRowQueryError(error) else { throw error }
            throw ConnectorError(action: .stop, reason: problem.description)
        } catch let error as LabelledRowQueryError {
            throw ConnectorError(action: .stop, reason: error.description)
        }
    }
}
