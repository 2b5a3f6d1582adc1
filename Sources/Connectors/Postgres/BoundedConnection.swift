import PostgresClient
import Serving

/// A connection on which every statement has a deadline.
final class BoundedConnection {
    private let connection: PostgresConnection
    private let deadline: Duration
    /// Statements sent, without those that begin and end transactions and savepoints.
    private(set) var statementCount = 0

    /// A process that is suspended within a transaction must not hold its locks for ever, and what is committed must be
    /// durable, whatever the role's settings say. Both are settings of the transaction, because a pooler may give the
    /// session to others afterwards.
    private static let begin = """
        BEGIN; SELECT set_config('idle_in_transaction_session_timeout', '60s', true),
            CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
        """

    /// Connects.
    init(_ settings: PostgresSettings) throws(PostgresError) {
        connection = try PostgresConnection(
            dsn: settings.dsn, applicationName: settings.applicationName, connectTimeout: settings.connectTimeout)
        deadline = settings.statementDeadline
    }

    var isUsable: Bool { connection.isUsable }
    var waker: PostgresWaker { connection.waker }

    func isClosedByServer() -> Bool { connection.isClosedByServer() }

    /// Runs one statement. A statement that changes rows belongs in a ``transaction(_:)``, which makes its commit
    /// durable.
    ///
    /// - Parameter within: a deadline of this statement's own, for one that waits for locks.
    @discardableResult
    func execute(_ sql: String, _ parameters: [PostgresValue] = [], within: Duration? = nil) throws(PostgresError)
        -> PostgresResult
    {
        statementCount += 1
        return try connection.execute(sql, parameters, deadline: within ?? deadline)
    }

    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.transaction(begin: Self.begin, deadline: deadline, body)
    }

    /// Runs the body in a transaction in which the server refuses every change.
    func readOnlyTransaction<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.transaction(begin: Self.beginReadOnly, deadline: deadline, body)
    }

    private static let beginReadOnly =
        "BEGIN READ ONLY; SELECT set_config('idle_in_transaction_session_timeout', '60s', true)"

    func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.savepoint(deadline: deadline, body)
    }

    /// - Throws: `.stop` behind a pooler, where no notification arrives and the LISTEN stays behind in a shared
    ///   session.
    func listen(to channel: String) throws {
        guard try connection.isDirect(deadline: deadline) else {
            throw ConnectorError(
                action: .stop,
                reason: "notifications do not arrive through a pooler: connect to the server itself")
        }
        try connection.listen(to: channel, deadline: deadline)
    }

    func waitForNotifications(timeout: Duration) throws(PostgresError) -> [PostgresNotification] {
        try connection.waitForNotifications(timeout: timeout)
    }

    func close() { connection.close() }
}
