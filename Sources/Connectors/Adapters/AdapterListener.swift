import LogKeys
import Logging
import PostgresClient
import Serving
import Synchronization
import Threading

/// Listens on a connection until its task is cancelled.
actor AdapterListener {
    private let thread = DedicatedThread(name: "adapter notifications")
    private let settings: PostgresSettings
    private let backoffCeiling: Duration
    private let logger: Logger
    private let continuation: AsyncStream<AdapterNotification>.Continuation
    /// Silence after which the connection is checked.
    private static let trial = Duration.seconds(30)
    /// The waker of the current connection.
    private let waker = Mutex<PostgresWaker?>(nil)

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        _ settings: PostgresSettings, backoffCeiling: Duration, logger: Logger,
        continuation: AsyncStream<AdapterNotification>.Continuation
    ) {
        self.settings = settings
        self.backoffCeiling = backoffCeiling
        self.logger = logger
        self.continuation = continuation
    }

    /// Ends a wait for notifications, from any thread.
    nonisolated func interrupt() { waker.withLock { $0?.wake() } }

    func run() async {
        let settings = BackoffSettings(ceiling: backoffCeiling)
        var waits = Backoff(settings)
        var isUnavailable = false
        while !Task.isCancelled {
            do {
                try listenUntilBroken {
                    if isUnavailable { logger.notice("adapter notifications recovered") }
                    isUnavailable = false
                    waits = Backoff(settings)
                }
            } catch {
                if Task.isCancelled { break }
                if !isUnavailable {
                    logger.warning(
                        "adapter notifications unavailable, retrying",
                        metadata: [LogKey.reason: "\(ConnectorError(error))"])
                }
                isUnavailable = true
                try? await Task.sleep(for: waits.next())
            }
        }
    }

    private func listenUntilBroken(onListening: () -> Void) throws {
        let connection = try BoundedConnection(settings)
        defer {
            waker.withLock { $0 = nil }
            connection.close()
        }
        waker.withLock { $0 = connection.waker }
        try connection.listen(to: Connectors.adapterChannel)
        onListening()
        continuation.yield(.poll)
        while !Task.isCancelled {
            let notifications = try connection.waitForNotifications(timeout: Self.trial)
            for task in Set(notifications.map(\.payload)).sorted() { continuation.yield(.changed(task: task)) }
            guard notifications.isEmpty, !Task.isCancelled else { continue }
            // A connection may break without a sign, and would then listen for ever.
            try connection.execute("SELECT 1")
        }
    }
}
