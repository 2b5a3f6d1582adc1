import PostgresClient

/// Errors of the server as text that names objects and codes, never data.
enum FailureReason {
    /// What happened, to which object, with the SQLSTATE.
    static func text(of error: PostgresError) -> String {
        var text = [known(error), error.message.isEmpty ? nil : error.message].compactMap(\.self).joined(
            separator: ": ")
        if text.isEmpty { text = generic(for: error) }
        if let object = object(of: error), !text.contains(object) { text += " (\(object))" }
        if let sqlState = error.sqlState { text += " [SQLSTATE \(sqlState)]" }
        return text
    }

    /// Why a row was refused: only names and the code, because the server's text may quote the row.
    static func refusal(_ error: PostgresError) -> String {
        let state = error.sqlState ?? ""
        var text = refusals[state] ?? refusalClasses[String(state.prefix(2))] ?? "the database refused the row"
        if let object = object(of: error) { text += ": \(object)" }
        if !state.isEmpty { text += " [SQLSTATE \(state)]" }
        return text
    }

    private static let refusals = [
        "22001": "a value is too long for its column",
        "22003": "a number is out of its column's range",
        "22021": "a character is not in the database's encoding",
        "22P05": "a character is not in the database's encoding",
        "23502": "a NOT NULL column is null",
        "23503": "a foreign key is violated",
        "23505": "a unique constraint is violated",
        "23514": "a check constraint is violated",
        "23P01": "an exclusion constraint is violated",
        "54000": "a value is too large for an index",
        "P0001": "a trigger raised an exception",
    ]

    private static let refusalClasses = [
        "22": "a value does not fit its column", "23": "an integrity constraint is violated", "38": "a trigger failed",
        "39": "a trigger failed", "44": "the view's check option is violated",
        "54": "a limit of the server is exceeded",
        "P0": "a trigger failed",
    ]

    private static func known(_ error: PostgresError) -> String? {
        switch error.sqlState {
        case "28P01", "28000": "the server refuses this user or password"
        case "3D000": "the database does not exist"
        case "3F000": "the schema lorikeet does not exist: run `lorikeet migrate`"
        case "25006": "the server is read-only"
        case "53100": "the server's disk is full"
        case "53300": "the server has too many connections"
        default: nil
        }
    }

    private static func generic(for error: PostgresError) -> String {
        switch error.kind {
        case .invalidConnectionString: "the connection string is malformed"
        case .connectionFailed: "no connection"
        case .connectionLost: "the connection was lost"
        case .deadlineExceeded: "no answer in time"
        case .cancelled: "cancelled"
        case .invalidParameter: "a value cannot be sent to the server"
        case .server: "the server refused the statement"
        case .unexpectedResult: "the server returned an unexpected result"
        }
    }

    /// `constraint labels_text_check of table lorikeet.labels`, as far as the server says.
    private static func object(of error: PostgresError) -> String? {
        var parts: [String] = []
        if let constraint = error.constraintName { parts.append("constraint \(constraint)") }
        if let column = error.columnName { parts.append("column \(column)") }
        if let table = error.tableName { parts.append("table \(error.schemaName.map { "\($0)." } ?? "")\(table)") }
        if let type = error.dataTypeName, parts.isEmpty { parts.append("type \(type)") }
        return parts.isEmpty ? nil : parts.joined(separator: " of ")
    }
}
