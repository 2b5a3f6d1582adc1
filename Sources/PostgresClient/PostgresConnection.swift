import CLibPQ

/// A NOTIFY that arrived.
public struct PostgresNotification: Sendable, Equatable {
    public var channel: String
    public var payload: String
    /// The server process of the session that notified.
    public var processID: Int32
}

/// What the server remarked on a statement, under the same rule as errors: no row data.
public struct PostgresNotice: Sendable, Equatable {
    public var severity: String
    public var sqlState: String
    public var message: String
}

/// One session with a server. Not `Sendable`: one thread at a time.
public final class PostgresConnection {
    public init(
        dsn: String, applicationName: String = "lorikeet", connectTimeout: Duration = .seconds(10),
        onNotice: @escaping (PostgresNotice) -> Void = { _ in }
    ) throws(PostgresError) {}
    public var isUsable: Bool { false }
    public var waker: PostgresWaker { PostgresWaker() }
    @discardableResult
    public func execute(_ sql: String, _ parameters: [PostgresValue] = [], deadline: Duration? = nil) throws(PostgresError)
        -> PostgresResult
    { PostgresResult() }
    /// BEGIN, body, COMMIT; ROLLBACK if the body throws.
    public func transaction<Value>(deadline: Duration? = nil, _ body: () throws -> Value) throws -> Value { try body() }
    /// SAVEPOINT within a transaction: what the body did is undone if it throws, the transaction lives on.
    public func savepoint<Value>(deadline: Duration? = nil, _ body: () throws -> Value) throws -> Value { try body() }
    public func listen(to channel: String, deadline: Duration? = nil) throws(PostgresError) {}
    /// Waits until a notification is there, the timeout passed or `waker.wake()` was called.
    public func waitForNotifications(timeout: Duration) throws(PostgresError) -> [PostgresNotification] { [] }
    public func close() {}
}

/// Wakes or cancels what a connection waits for, from any thread.
public final class PostgresWaker: Sendable {
    /// Ends the current or the next `waitForNotifications`.
    public func wake() {}
    /// Cancels the statement that runs now, if one does; it throws `.cancelled`.
    public func cancelStatement() {}
}
