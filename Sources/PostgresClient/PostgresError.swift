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
        /// The deadline passed before the server answered.
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
    /// Five characters, or `nil` where neither the server nor the SQL standard has one.
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
        kind: Kind, sqlState: String? = nil, severity: String? = nil, schemaName: String? = nil, tableName: String? = nil,
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
}
