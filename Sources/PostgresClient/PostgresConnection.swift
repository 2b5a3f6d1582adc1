import CLibPQ

/// One session with a server: parameters in, rows out.
///
/// Blocks its caller, but never longer than the deadlines given; not `Sendable`: one thread at a time. Once an error says `isConnectionLoss` (or `isUsable` is false), make a
/// new one.
///
/// Nothing is kept in the session, so that a pooler may give each transaction another one: parameters are bound to
/// unnamed statements, and no setting is changed. Only `listen(to:)` needs a session of its own.
public final class PostgresConnection {
    private var handle: ConnectionHandle?

    /// Ends waits from other threads.
    public let waker: PostgresWaker

    /// Connects.
    ///
    /// - Parameters:
    ///   - dsn: a `postgresql://` URI or a list of `key=value`; libpq's environment variables fill gaps. Dead peers are noticed after about a minute unless it says
    ///     otherwise (`keepalives_*`, `tcp_user_timeout`).
    ///   - applicationName: how the session shows in `pg_stat_activity`.
    ///   - connectTimeout: for all of it, every host of the string together; only resolving host names may take longer.
    ///   - onNotice: remarks of the server, called within `execute` and `waitForNotifications`.
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

    /// Whether statements can be sent; does not ask the server.
    public var isUsable: Bool { handle.map { !$0.isBroken } ?? false }

    /// Whether BEGIN was done and neither COMMIT nor ROLLBACK.
    public var isInTransaction: Bool {
        guard let handle else { return false }
        let status = PQtransactionStatus(handle.connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE
    }

    // MARK: - Statements

    /// Runs one statement with parameters `$1` and so on.
    ///
    /// - Parameter deadline: `nil` waits without end. When it passes, the server is asked to stop the statement; if it does so within a second, the connection
    ///   stays usable, else it is given up.
    @discardableResult
    public func execute(
        _ sql: String, _ parameters: [PostgresValue] = [], deadline: Duration? = nil
    ) throws(PostgresError) -> PostgresResult {
        let encoded = try ParameterEncoding(parameters)
        return try run(sql, deadline: deadline) { connection in
            encoded.withPointers { count, types, values, lengths, formats in
                PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 0)
            }
        }
    }

    /// Runs several statements separated by semicolons, in one transaction unless they say otherwise; returns the last one's result.
    @discardableResult
    public func executeScript(_ sql: String, deadline: Duration? = nil) throws(PostgresError) -> PostgresResult {
        try run(sql, deadline: deadline) { PQsendQuery($0, sql) }
    }

    private func run(
        _ sql: String, deadline: Duration?, _ send: (OpaquePointer) -> Int32
    ) throws(PostgresError) -> PostgresResult {
        guard let handle else { throw .closed }
        if sql.utf8.contains(0) {
            throw PostgresError(kind: .invalidParameter, sqlState: "22021", message: "the statement holds U+0000")
        }
        do {
            return try StatementExchange(handle: handle, waker: waker, deadline: deadline).run(send)
        } catch {
            if error.isConnectionLoss { close() }
            throw error
        }
    }

    // MARK: - Notifications

    /// Whether the session is the server's own: a pooler gives its clients process ids that are not the server's.
    public func isDirect(deadline: Duration? = nil) throws(PostgresError) -> Bool {
        guard let handle else { throw .closed }
        let told = Int64(PQbackendPID(handle.connection))
        return try execute("SELECT pg_backend_pid()::bigint AS pid", deadline: deadline).first?.integer("pid") == told
    }

    /// Receives what other sessions NOTIFY on a channel, as long as this connection lives.
    ///
    /// Needs a connection to the server itself: behind a pooler that hands sessions around nothing arrives, and the
    /// LISTEN stays behind in a session that others get.
    public func listen(to channel: String, deadline: Duration? = nil) throws(PostgresError) {
        try execute("LISTEN \(Self.quotedName(channel))", deadline: deadline)
    }

    /// Waits until a notification is there (one that arrived during a statement counts), the timeout passed or `waker.wake()` was called; empty in the
    /// last two cases.
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
                    message: "the server closed the connection or cannot be reached",
                    isConnectionLoss: true)
            }
            if waker.takeWake() { return [] }
            if waker.wait(for: handle.socket, deadline: deadline) == .deadline { return [] }
        }
    }

    /// Ends the session; a transaction that is open is rolled back by the server. Calling it again does nothing.
    public func close() {
        handle = nil
    }

    /// A name as SQL quotes it: channel, table, role.
    public static func quotedName(_ name: String) -> String {
        "\"\(name.replacing("\"", with: "\"\""))\""
    }
}
