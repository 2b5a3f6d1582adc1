/// How to reach the database.
public struct PostgresSettings: Sendable {
    /// A libpq connection string or URL; may hold a password, so it is shown nowhere.
    public var dsn: String
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// How long a connection may take to come about.
    public var connectTimeout: Duration
    /// How long any one statement may take; then the connection is given up as broken.
    public var statementDeadline: Duration

    public init(
        dsn: String, applicationName: String = "lorikeet", connectTimeout: Duration = .seconds(10),
        statementDeadline: Duration = .seconds(30)
    ) {
        self.dsn = dsn
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementDeadline = statementDeadline
    }
}

extension PostgresSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "PostgreSQL as \(applicationName)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
