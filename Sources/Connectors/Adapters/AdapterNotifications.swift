import FoundationEssentials
import LogKeys
import Logging
import PostgresClient
import Serving
import Synchronization
import Threading

/// A hint that live adapters may have changed.
public enum AdapterNotification: Sendable, Equatable {
    /// Another process promoted, rolled back or imported an adapter of this task.
    case changed(task: String)
    /// Look without a hint: the poll interval passed, or the connection recovered and may have missed something.
    case poll
}

/// When to look for changes of live adapters: every `pollInterval`, through the caller's own connection. With a
/// connection to the server itself, a notification on `lorikeet_adapters` is a hint to look sooner.
///
/// `LISTEN` is session state, so it is refused behind a pooler. It has a connection and a thread of its own, which
/// reconnect by themselves. A lost notification delays a change by `pollInterval` at most. Each iterator ends with the
/// task that iterates.
public struct AdapterNotifications: AsyncSequence, Sendable {
    private let direct: PostgresSettings?
    private let pollInterval: Duration
    private let backoffCeiling: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - direct: the server itself, not a pooler; `nil`: polling alone.
    ///   - pollInterval: between two polls.
    ///   - backoffCeiling: the longest wait between two attempts to listen.
    ///   - logger: for outages of the listening connection.
    public init(
        direct: PostgresSettings?, pollInterval: Duration, backoffCeiling: Duration = .seconds(15),
        logger: Logger = Logger(label: "lorikeet.adapters")
    ) {
        self.direct = direct
        self.pollInterval = pollInterval
        self.backoffCeiling = backoffCeiling
        self.logger = logger
    }

    /// Starts to poll and to listen.
    public func makeAsyncIterator() -> AsyncStream<AdapterNotification>.Iterator {
        // Hints do not add up: whoever takes one looks at everything.
        let (stream, continuation) = AsyncStream.makeStream(
            of: AdapterNotification.self, bufferingPolicy: .bufferingNewest(1))
        let polling = Task { [pollInterval] in
            while (try? await Task.sleep(for: pollInterval)) != nil { continuation.yield(.poll) }
            continuation.finish()
        }
        let listener = direct.map {
            AdapterListener($0, backoffCeiling: backoffCeiling, logger: logger, continuation: continuation)
        }
        let listening = listener.map { listener in Task { await listener.run() } }
        continuation.onTermination = { _ in
            polling.cancel()
            listening?.cancel()
            listener?.interrupt()
        }
        return stream.makeAsyncIterator()
    }

    /// Whether a notification sent through one connection arrives at another. Changes nothing.
    ///
    /// - Throws: if either connection fails, or `direct` goes through a pooler.
    public static func arrive(
        at direct: PostgresSettings, sentThrough sender: PostgresSettings, within patience: Duration = .seconds(2)
    ) async throws(ConnectorError) -> Bool {
        let channel = "lorikeet_check_\(UUID().uuidString)"
        return try await PostgresSession.once(direct, "listening") { listener in
            try listener.listen(to: channel)
            let connection = try BoundedConnection(sender)
            defer { connection.close() }
            try connection.execute("SELECT pg_notify($1, '')", [.text(channel)])
            return try !listener.waitForNotifications(timeout: patience).isEmpty
        }
    }
}
