import Logging
import PostgresClient
import Serving
import Synchronization

/// A hint that live adapters may have changed.
public enum AdapterNotification: Sendable, Equatable {
    /// Another process promoted, rolled back or imported an adapter of this task.
    case changed(task: String)
    /// Time to look by oneself: the poll interval passed, or the connection came back and may have missed something.
    case poll
}

/// Changes of live adapters as they happen: `LISTEN lorikeet_adapters`, on a connection and a thread of its own that come back by themselves.
///
/// A notification that is lost only delays: ``AdapterNotification/poll`` comes at least every `pollInterval`. Each iterator listens for itself; it ends
/// with the task that iterates.
public struct AdapterNotifications: AsyncSequence, Sendable {
    private let settings: PostgresSettings
    private let pollInterval: Duration
    private let backoffCeiling: Duration
    private let logger: Logger

    public init(
        _ settings: PostgresSettings, pollInterval: Duration = .seconds(30), backoffCeiling: Duration = .seconds(15),
        logger: Logger = Logger(label: "lorikeet.adapters")
    ) {
        self.settings = settings
        self.pollInterval = pollInterval
        self.backoffCeiling = backoffCeiling
        self.logger = logger
    }

    public func makeAsyncIterator() -> AsyncStream<AdapterNotification>.Iterator {
        // Hints need no queue without end: what is dropped, the next poll makes good.
        let (stream, continuation) = AsyncStream.makeStream(of: AdapterNotification.self, bufferingPolicy: .bufferingNewest(256))
        let listener = AdapterListener(
            settings, pollInterval: pollInterval, backoffCeiling: backoffCeiling, logger: logger, continuation: continuation)
        let task = Task { await listener.run() }
        continuation.onTermination = { _ in
            task.cancel()
            listener.interrupt()
        }
        return stream.makeAsyncIterator()
    }
}

/// Listens on a connection until its task is cancelled.
actor AdapterListener {
    private let thread = DedicatedThread(name: "adapter notifications")
    private let settings: PostgresSettings
    private let pollInterval: Duration
    private let backoffCeiling: Duration
    private let logger: Logger
    private let continuation: AsyncStream<AdapterNotification>.Continuation
    /// The waker of the present connection.
    private let waker = Mutex<PostgresWaker?>(nil)

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        _ settings: PostgresSettings, pollInterval: Duration, backoffCeiling: Duration, logger: Logger,
        continuation: AsyncStream<AdapterNotification>.Continuation
    ) {
        self.settings = settings
        self.pollInterval = pollInterval
        self.backoffCeiling = backoffCeiling
        self.logger = logger
        self.continuation = continuation
    }

    /// Ends a wait for notifications, from any thread.
    nonisolated func interrupt() { waker.withLock { $0?.wake() } }

    func run() async {
        let settings = BackoffSettings(ceiling: backoffCeiling)
        var waits = Backoff(settings)
        var isAway = false
        while !Task.isCancelled {
            do {
                try listenUntilBroken {
                    if isAway { logger.notice("Listening for changes of adapters again") }
                    isAway = false
                    waits = Backoff(settings)
                }
            } catch {
                if Task.isCancelled { break }
                if !isAway { logger.warning("Not listening for changes of adapters: \(DatabaseError(error))") }
                isAway = true
                try? await Task.sleep(for: waits.next())
            }
        }
        continuation.finish()
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
            let notifications = try connection.waitForNotifications(timeout: pollInterval)
            for task in Set(notifications.map(\.payload)).sorted() { continuation.yield(.changed(task: task)) }
            guard notifications.isEmpty, !Task.isCancelled else { continue }
            // A connection that is broken without anyone having said so would listen for ever.
            try connection.execute("SELECT 1")
            continuation.yield(.poll)
        }
    }
}
