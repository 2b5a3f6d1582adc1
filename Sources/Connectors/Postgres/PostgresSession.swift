import PostgresClient
import Serving
import Threading

/// One connection on a thread of its own, made when it is first needed and again after it broke.
actor PostgresSession {
    private let thread: DedicatedThread
    private let settings: PostgresSettings
    private var connection: BoundedConnection?
    private var lastUse = ContinuousClock.now

    /// A connection that rested this long is tried before it is trusted with work.
    private static let trustedRest = Duration.seconds(1)

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ settings: PostgresSettings, name: String) {
        self.settings = settings
        thread = DedicatedThread(name: name)
    }

    /// Runs statements; a connection that fails on them in whatever way but the server's refusal is not used again.
    ///
    /// - Parameter purpose: for the error's reason, as in `reading annotations`.
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

    /// One piece of work on a connection made for it.
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
        if ContinuousClock.now - lastUse < Self.trustedRest { return true }
        return (try? connection.execute("SELECT 1")) != nil
    }

    private func discardIfBroken(after error: any Error) {
        let refusedOnly = (error as? PostgresError).map { $0.kind == .server && !$0.isConnectionLoss } ?? true
        if !refusedOnly || connection?.isUsable == false { close() }
    }
}
