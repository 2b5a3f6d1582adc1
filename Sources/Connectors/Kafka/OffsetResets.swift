import KafkaClient
import Synchronization

/// Positions that the brokers do not have (any more): the topic was made anew, or its retention was faster than this
/// group. The client library goes on at
/// `auto.offset.reset` by itself and says so only in its log, from threads of its own; here it is kept until the
/// source's thread asks.
final class OffsetResets: Sendable {
    // MARK: - Mutable State (guarded by `lines`)

    private let lines = Mutex<[String]>([])

    /// Takes note of a line of the client library's log if it tells of a reset.
    func note(_ line: KafkaLogLine) {
        if line.isOffsetReset { lines.withLock { $0.append(line.message) } }
    }

    /// What was noted since the last call.
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
