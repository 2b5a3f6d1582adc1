/// A connection or a statement failed.
///
/// Holds no value of a row, no parameter and no password: the server's message is kept only for classes of errors whose
/// text names objects and settings, DETAIL and HINT never.
public struct PostgresError: Error, Sendable, Equatable {
    /// What failed.
    public enum Kind: String, Sendable {
        /// The connection string is malformed.
        case invalidConnectionString
        /// No connection: no server, refused, wrong password.
        case connectionFailed
        /// The connection broke. Whether a running COMMIT took effect is unknown.
        case connectionLost
        /// The deadline passed before the server answered. Whether a running COMMIT took effect is unknown.
        case deadlineExceeded
        /// `PostgresWaker.cancelStatement()` ended the statement.
        case cancelled
        /// A parameter cannot be sent. Nothing was sent.
        case invalidParameter
        /// The server refused the statement.
        case server
        /// A column is missing or has another type than the getter.
        case unexpectedResult
    }

    /// What failed.
    public var kind: Kind

    /// Five characters, or `nil` if there is none. The client sets it for its own errors too: 08001 no connection,
    /// 08006 connection lost, 22021 for U+0000 in a text, 54000 for a statement that is too large, 57014 for a
    /// deadline.
    public var sqlState: String?

    /// `ERROR`, `FATAL` or `PANIC`, from the server.
    public var severity: String?
    /// Schema of the object concerned, if the server names one.
    public var schemaName: String?
    /// Table concerned, if the server names one.
    public var tableName: String?
    /// Column concerned, if the server names one.
    public var columnName: String?
    /// Constraint concerned, if the server names one.
    public var constraintName: String?
    /// Type concerned, if the server names one.
    public var dataTypeName: String?

    /// Text without row data; empty if the server's text may hold some.
    public var message: String

    /// Whether the connection is unusable from now on.
    public var isConnectionLoss: Bool

    /// - Parameters: as the properties.
    public init(
        kind: Kind, sqlState: String? = nil, severity: String? = nil, schemaName: String? = nil,
        tableName: String? = nil, columnName: String? = nil, constraintName: String? = nil, dataTypeName: String? = nil,
        message: String = "",
        isConnectionLoss: Bool = false
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.severity = severity
        self.schemaName = schemaName
        self.tableName = tableName
        self.columnName = columnName
        self.constraintName = constraintName
        self.dataTypeName = dataTypeName
        self.message = message
        self.isConnectionLoss = isConnectionLoss
    }

    /// PostgreSQL's name of the SQLSTATE, for example `unique_violation`, or of its class if the state is unknown.
    public var conditionName: String? { sqlState.flatMap(SQLState.conditionName) }
}

extension PostgresError: CustomStringConvertible {
    /// SQLSTATE, condition, objects and message.
    public var description: String {
        var text = "PostgreSQL"
        if let sqlState { text += " \(sqlState)" }
        text += " \(conditionName ?? kind.rawValue)"
        if let constraintName { text += ", constraint \(constraintName)" }
        if let tableName { text += ", table \(schemaName.map { $0 + "." } ?? "")\(tableName)" }
        if let columnName { text += ", column \(columnName)" }
        if let dataTypeName { text += ", type \(dataTypeName)" }
        return message.isEmpty ? text : "\(text): \(message)"
    }
}

extension PostgresError {
    static var closed: PostgresError {
        PostgresError(
            kind: .connectionLost, sqlState: "08003", message: "the connection is closed", isConnectionLoss: true)
    }

    static func unexpected(_ message: String) -> PostgresError {
        PostgresError(kind: .unexpectedResult, message: message)
    }
}
