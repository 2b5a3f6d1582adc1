/// What went wrong with a connection or a statement.
///
/// The description never carries a value of a row, a parameter or a password: the server's message is kept only for classes of errors whose text
/// names objects and settings, DETAIL and HINT never.
public struct PostgresError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The connection string cannot be read.
        case invalidConnectionString
        /// No connection came about: nobody there, refused, wrong password.
        case connectionFailed
        /// The connection broke; whether a running COMMIT took effect is unknown.
        case connectionLost
        /// The deadline passed before the server answered; whether a running COMMIT took effect is unknown.
        case deadlineExceeded
        /// `PostgresWaker.cancelStatement()` ended the statement.
        case cancelled
        /// A parameter cannot be sent; nothing was.
        case invalidParameter
        /// The server refused the statement.
        case server
        /// A row does not hold what the getter asked for.
        case unexpectedResult
    }

    public var kind: Kind

    /// Five characters, or `nil` where there is none. Set also for errors the client finds itself: 08001 no connection, 08006 connection lost, 22021 for U+0000 in a text,
    /// 54000 for a statement too large, 57014 for a deadline.
    public var sqlState: String?

    /// `ERROR`, `FATAL` or `PANIC`, as the server said.
    public var severity: String?
    public var schemaName: String?
    public var tableName: String?
    public var columnName: String?
    public var constraintName: String?
    public var dataTypeName: String?

    /// Text that holds no row data; empty where the server's cannot be trusted with that.
    public var message: String

    /// The connection cannot be used any more.
    public var isConnectionLoss: Bool

    public init(
        kind: Kind, sqlState: String? = nil, severity: String? = nil, schemaName: String? = nil,
        tableName: String? = nil,
        columnName: String? = nil, constraintName: String? = nil, dataTypeName: String? = nil, message: String = "",
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

    /// The name that PostgreSQL's manual gives the SQLSTATE, for example `unique_violation`; that of its class where the state itself is unknown.
    public var conditionName: String? { sqlState.flatMap(SQLState.conditionName) }
}

extension PostgresError: CustomStringConvertible {
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
