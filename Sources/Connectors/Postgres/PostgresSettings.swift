/// How to connect to the database.
public struct PostgresSettings: Sendable {
    /// A libpq connection string or URI. It may hold a password, so it is never shown.
    public var dsn: String
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// How long connecting may take.
    public var connectTimeout: Duration
    /// How long one statement may take before it is cancelled.
    public var statementDeadline: Duration

    /// - Parameters: as the properties.
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
    /// The application name.
    public var description: String { "PostgreSQL as \(applicationName)" }
    /// As the description.
    public var debugDescription: String { description }
    /// Empty, so that no dump shows a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
