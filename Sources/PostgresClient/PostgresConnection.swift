import CLibPQ

/// One connection to a server.
///
/// Calls block, but never longer than their deadlines. Not `Sendable`: one thread at a time. After an error with
/// `isConnectionLoss`, or once `isUsable` is false, make a new connection.
///
/// The connection keeps no session state, so a pooler may run each transaction in another session: statements are
/// unnamed and no setting is changed. Only `listen(to:)` needs a session of its own.
public final class PostgresConnection {
    private var handle: ConnectionHandle?

    /// Ends waits from other threads.
    public let waker: PostgresWaker

    /// Connects.
    ///
    /// - Parameters:
    ///   - dsn: a `postgresql://` URI or a list of `key=value`. libpq's environment variables supply what it leaves
    ///     out. Unless it sets `keepalives_*` or `tcp_user_timeout`, a dead peer is detected after about a minute.
    ///   - applicationName: shown in `pg_stat_activity`.
    ///   - connectTimeout: for all hosts of the string together. Only resolving host names may take longer.
    ///   - onNotice: receives the server's notices, within `execute` and `waitForNotifications`.
    /// - Throws: `invalidConnectionString`, `connectionFailed` or `deadlineExceeded`.
    public init(
        dsn: String, applicationName: String = "lorikeet", connectTimeout: Duration = .seconds(10),
        onNotice: @escaping (PostgresNotice) -> Void = { _ in }
    ) throws(PostgresError) {
        let deadline = ContinuousClock.now + connectTimeout
        let password = try ConnectionString(dsn).password
        waker = try PostgresWaker()
        let handle = try ConnectionHandle(dsn: dsn, applicationName: applicationName, onNotice: onNotice)
        try handle.open(deadline: deadline, password: password)
        self.handle = handle
    }

    /// Whether statements can be sent. Does not ask the server.
    public var isUsable: Bool { handle.map { !$0.isBroken } ?? false }

    /// Whether the server has closed the connection, as far as this host has heard. Does not ask the server: where the
    /// network is cut, nothing is heard.
    public func isClosedByServer() -> Bool {
        guard let handle else { return true }
        // The server's last words may precede the end.
        for _ in 0..<2 where PQconsumeInput(handle.connection) == 0 {
            close()
            return true
        }
        return false
    }

    /// Whether a transaction is open.
    public var isInTransaction: Bool {
        guard let handle else { return false }
        let status = PQtransactionStatus(handle.connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE
    }

    // MARK: - Statements

    /// Runs one statement with parameters `$1` and so on.
    ///
    /// - Parameter deadline: `nil` is none. When it passes, the statement is cancelled. If the server does not react
    ///   within a second, the connection is closed.
    @discardableResult
    public func execute(
        _ sql: String, _ parameters: [PostgresValue] = [], deadline: Duration? = nil
    ) throws(PostgresError) -> PostgresResult {
        var encoded: ParameterEncoding? = try ParameterEncoding(parameters)
        return try run(sql, deadline: deadline) { connection in
            // libpq copies them: ours are freed before the wait for the answer.
            defer { encoded = nil }
            return encoded?.withPointers { count, types, values, lengths, formats in
                PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 0)
            } ?? 0
        }
    }

    /// Runs statements separated by semicolons, in one transaction unless they control it themselves.
    ///
    /// - Returns: the result of the last one.
    @discardableResult
    public func executeScript(_ sql: String, deadline: Duration? = nil) throws(PostgresError) -> PostgresResult {
        try run(sql, deadline: deadline) { PQsendQuery($0, sql) }
    }

    private func run(
        _ sql: String, deadline: Duration?, _ send: (OpaquePointer) -> Int32
    ) throws(PostgresError) -> PostgresResult {
        guard let handle else { throw .closed }
        if sql.utf8.contains(0) {
            throw PostgresError(kind: .invalidParameter, sqlState: "22021", message: "the statement contains U+0000")
        }
        do {
            return try StatementExchange(handle: handle, waker: waker, deadline: deadline).run(send)
        } catch {
            if error.isConnectionLoss { close() }
            throw error
        }
    }

    // MARK: - Notifications

    /// Whether no pooler stands between: one gives its clients process ids other than the server's.
    public func isDirect(deadline: Duration? = nil) throws(PostgresError) -> Bool {
        guard let handle else { throw .closed }
        let told = Int64(PQbackendPID(handle.connection))
        return try execute("SELECT pg_backend_pid()::bigint AS pid", deadline: deadline).first?.integer("pid") == told
    }

    /// Receives notifications on a channel for as long as this connection lives.
    ///
    /// Needs a connection to the server itself. Behind a pooler that shares sessions nothing arrives, and the LISTEN
    /// stays behind in a session that another client gets.
    public func listen(to channel: String, deadline: Duration? = nil) throws(PostgresError) {
        try execute("LISTEN \(SQLQuoting.identifier(channel))", deadline: deadline)
    }

    /// Waits for notifications, including those that arrived during a statement. Empty if the timeout passed or
    /// `waker.wake()` was called.
    public func waitForNotifications(timeout: Duration) throws(PostgresError) -> [PostgresNotification] {
        guard let handle else { throw .closed }
        let deadline = ContinuousClock.now + timeout
        while true {
            let isConnected = PQconsumeInput(handle.connection) != 0
            let arrived = handle.takeNotifications()
            if !arrived.isEmpty { return arrived }
            if !isConnected {
                close()
                throw PostgresError(
                    kind: .connectionLost, sqlState: "08006",
                    message: "the server closed the connection or cannot be reached", isConnectionLoss: true)
            }
            if waker.takeWake() { return [] }
            if waker.wait(for: handle.socket, deadline: deadline) == .deadline { return [] }
        }
    }

    /// Closes the connection; the server rolls an open transaction back. Calling it again does nothing.
    public func close() {
        handle = nil
    }
}
