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
            return try connection.execute(sql.groups, parameters, within: Self.deadline).rows.map { row in
                LabelCensus.Group(row: try LabelledRow(group: row), rows: Int(try row.integer("rows")))
            }
        }
    }

    /// The rows added since the task's last retraining that used rows.
    func newRows(task: String) throws -> Int {
        try withSQL(task) { sql in
            Int(try connection.execute(sql.newRows, [.text(task)], within: Self.deadline).first?.integer("rows") ?? 0)
        }
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

extension LabelledRow {
    /// - Parameter number: the id of a row of a query that gives none.
    fileprivate init(_ row: PostgresRow, number: Int64) throws {
        let id = try row.optionalInteger("id") ?? number
        let seconds = try row.optionalDouble("time")
        let time = seconds.flatMap { $0.isFinite ? Date(timeIntervalSince1970: $0) : nil }
        let text = try row.optionalText("text")
        self.init(id: id, text: text, json: try row.optionalText("labels"), time: time)
        annotator = try row.optionalText("annotator")
        source = try row.optionalText("source")
    }

    fileprivate init(group row: PostgresRow) throws {
        let defect = try row.optionalText("defect")
        let text = defect == "text" ? nil : try row.integer("is_empty") == 1 ? "" : "text"
        self.init(
            id: 0, text: text, json: try row.optionalText("labels"), time: defect == "time" ? nil : .distantPast)
    }

    /// - Parameter json: the labels.
    private init(id: Int64, text: String?, json: String?, time: Date?) {
        let labels = Self.labels(json)
        switch (text, time, labels) {
        case (nil, _, _): self.init(id: id, defect: .withoutText, createdAt: time ?? .distantPast)
        case (_, nil, _): self.init(id: id, defect: .withoutTime, createdAt: .distantPast)
        case (_, let time?, .failure(let defect)): self.init(id: id, defect: defect.kind, createdAt: time)
        case (let text?, let time?, .success(.one(let label))):
            self.init(id: id, text: text, label: label, createdAt: time)
        case (let text?, let time?, .success(.set(let labels))):
            self.init(id: id, text: text, labels: labels, createdAt: time)
        }
    }

    private enum Labels {
        case one(String)
        case set([String])
    }

    private struct Failure: Error { var kind: Defect }

    private static func labels(_ json: String?) -> Result<Labels, Failure> {
        guard let json, let value = try? JSONParser.parse(Array(json.utf8)), !value.isNull else {
            return .failure(Failure(kind: .withoutLabel))
        }
        guard case .array(let elements) = value else {
            return scalar(value).map { .success(.one($0)) } ?? .failure(Failure(kind: .wrongType))
        }
        if elements.contains(where: \.isNull) { return .failure(Failure(kind: .withoutLabel)) }
        let labels = elements.compactMap(scalar)
        return labels.count == elements.count ? .success(.set(labels)) : .failure(Failure(kind: .wrongType))
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .boolean: value.text
        // A whole number is a label as people write it: 3, not 3.0.
        case .number(let number): Int64(exactly: number).map(String.init) ?? value.text
        case .null, .array, .object: nil
        }
    }
}
