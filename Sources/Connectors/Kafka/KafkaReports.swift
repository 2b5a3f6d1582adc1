import KafkaClient
import Serving
import Synchronization

/// Errors that the client library reports outside of its calls: unavailable brokers, a missing topic, a wrong password.
///
/// It reports each once. What is wrong stays noted here until there is a sign that it has passed. Used only on the
/// thread of its source or publisher.
final class KafkaReports {
    private var stop: KafkaError?
    private var blocking: KafkaError?
    /// The last of the other errors. It says why the last broker was lost, which `_ALL_BROKERS_DOWN` does not.
    private var last: KafkaError?
    /// What they keep from being done, such as `reading`.
    private let purpose: String

    /// Errors that leave nothing to read. The client library recovers from all others unnoticed.
    private static let blockingNames: Set<String> = [
        "_ALL_BROKERS_DOWN", "_RESOLVE", "_SSL", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC",
    ]

    /// - Parameter purpose: what the errors keep from being done, such as `reading`.
    init(purpose: String) { self.purpose = purpose }

    func append(_ error: KafkaError) {
        if FailureTable.action(for: error) == .stop {
            stop = stop ?? error
        } else if Self.blockingNames.contains(error.name) {
            // That all brokers are down follows from these and says less.
            let isConsequence =
                error.name == "_ALL_BROKERS_DOWN" && (blocking?.name == "_SSL" || blocking?.name == "_RESOLVE")
            if !isConsequence { blocking = error }
        } else {
            last = error
        }
    }

    /// Messages arrived, partitions were assigned or a broker answered.
    func noteSignOfLife() { (blocking, last) = (nil, nil) }

    var isBlocked: Bool { blocking != nil }

    /// What to retry or to stop for.
    var failure: ConnectorError? {
        guard var error = stop ?? blocking else { return nil }
        if error.name == "_ALL_BROKERS_DOWN", let last { error.message += " (\(last.name): \(last.message))" }
        return ConnectorError(error, purpose: purpose)
    }
}

extension KafkaReports {
    /// Offsets that the partition no longer holds, because the topic was created again or its retention passed the
    /// group. The client library resets them as `auto.offset.reset` says and reports it only in its log, on threads of
    /// its own.
    /// Kept here until the source's thread asks.
    final class OffsetResets: Sendable {
        // MARK: - Mutable State (guarded by `lines`)

        private let lines = Mutex<[String]>([])

        /// Notes a log line of the client library if it reports a reset.
        func note(_ line: KafkaLogLine) {
            if line.isOffsetReset { lines.withLock { $0.append(line.message) } }
        }

        /// Resets since the last call.
        func take() -> [String] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }
}
