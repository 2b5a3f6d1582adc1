import PostgresClient
import Serving
import Threading

/// One connection on a thread of its own, opened when first needed and again after it broke.
actor PostgresSession {
    private let thread: DedicatedThread
    private let settings: PostgresSettings
    private var connection: BoundedConnection?
    private var lastUse = ContinuousClock.now

    /// A connection idle for this long is checked before it is used: something between may have forgotten it.
    private static let trustedIdleTime = Duration.seconds(30)

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ settings: PostgresSettings, name: String) {
        self.settings = settings
        thread = DedicatedThread(name: name)
    }

    /// Runs statements. A connection that fails other than by the server's refusal is not used again.
    ///
    /// - Parameters:
    ///   - purpose: for the error's reason, as in `reading annotations`.
    ///   - body: runs on the session's thread.
    func run<Value: Sendable>(
        _ purpose: String, _ body: @Sendable (BoundedConnection) throws -> Value
    ) throws(ConnectorError) -> Value {
        do {
            let connection = try trustedConnection()
            defer { lastUse = .now }
            return try body(connection)
        } catch {
            discardIfBroken(after: error)
            throw ConnectorError(error, purpose: purpose)
        }
    }

    /// As ``run(_:_:)``, for statements that may take long: where the caller's task is cancelled, the running one is.
    func runCancellable<Value: Sendable>(
        _ purpose: String, _ body: @Sendable (BoundedConnection) throws -> Value
    ) async throws -> Value {
        let waker = try run(purpose) { $0.waker }
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try run(purpose, body)
        } onCancel: {
            waker.cancelStatement()
        }
    }

    /// Runs statements on a connection of their own.
    static func once<Value: Sendable>(
        _ settings: PostgresSettings, _ purpose: String, _ body: @Sendable (BoundedConnection) throws -> Value
    ) async throws(ConnectorError) -> Value {
        let session = PostgresSession(settings, name: purpose)
        do throws(ConnectorError) {
            let value = try await session.run(purpose, body)
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }

    func close() {
        connection?.close()
        connection = nil
    }

    private func trustedConnection() throws(PostgresError) -> BoundedConnection {
        if let connection, connection.isUsable, isAlive(connection) { return connection }
        close()
        let connection = try BoundedConnection(settings)
        self.connection = connection
        return connection
    }

    private func isAlive(_ connection: BoundedConnection) -> Bool {
        if connection.isClosedByServer() { return false }
        if ContinuousClock.now - lastUse < Self.trustedIdleTime { return true }
        return (try? connection.execute("SELECT 1")) != nil
    }

    private func discardIfBroken(after error: any Error) {
        let refusedOnly = (error as? PostgresError).map { $0.kind == .server && !$0.isConnectionLoss } ?? true
        if !refusedOnly || connection?.isUsable == false { close() }
    }
}
