import PostgresClient

/// A connection on which every statement has a deadline.
final class BoundedConnection {
    private let connection: PostgresConnection
    private let deadline: Duration
    /// Statements sent, those that begin and end transactions and savepoints not counted.
    private(set) var statementCount = 0

    /// Connects and sets the session up.
    ///
    /// A session that was stopped in the middle of a transaction must not hold its locks for ever, and what is committed must be durable, whatever
    /// the role's own settings say.
    init(_ settings: PostgresSettings) throws(PostgresError) {
        connection = try PostgresConnection(
            dsn: settings.dsn, applicationName: settings.applicationName, connectTimeout: settings.connectTimeout)
        deadline = settings.statementDeadline
        do {
            try execute(
                """
                SELECT set_config('idle_in_transaction_session_timeout', '60s', false),
                       CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END
                """)
        } catch {
            connection.close()
            throw error
        }
    }

    var isUsable: Bool { connection.isUsable }
    var waker: PostgresWaker { connection.waker }

    /// - Parameter within: a deadline of this statement's own, for one that waits for others.
    @discardableResult
    func execute(_ sql: String, _ parameters: [PostgresValue] = [], within: Duration? = nil) throws(PostgresError) -> PostgresResult {
        statementCount += 1
        return try connection.execute(sql, parameters, deadline: within ?? deadline)
    }

    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.transaction(deadline: deadline, body)
    }

    func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.savepoint(deadline: deadline, body)
    }

    func listen(to channel: String) throws(PostgresError) { try connection.listen(to: channel, deadline: deadline) }

    func waitForNotifications(timeout: Duration) throws(PostgresError) -> [PostgresNotification] {
        try connection.waitForNotifications(timeout: timeout)
    }

    func close() { connection.close() }
}
