import KafkaClient
import Serving

/// Errors that the client library reports beside its calls: brokers that are away, a topic that is missing, a password
/// that is wrong.
///
/// It reports each once, so what is wrong stays noted here until there is a sign that it has passed. Used on the
/// source's thread only.
final class KafkaReports {
    private var stop: KafkaError?
    private var away: KafkaError?
    /// The last of the others: it says why the last broker went, which `_ALL_BROKERS_DOWN` does not.
    private var last: KafkaError?

    /// Errors that leave nothing to read; the library gets over all others by itself, unnoticed.
    private static let waitedFor: Set<String> = [
        "_ALL_BROKERS_DOWN", "_RESOLVE", "_SSL", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC",
    ]

    func append(_ error: KafkaError) {
        if FailureTable.action(for: error) == .stop {
            stop = stop ?? error
        } else if Self.waitedFor.contains(error.name) {
            // That all brokers are down follows from these, and says less.
            let isConsequence = error.name == "_ALL_BROKERS_DOWN" && (away?.name == "_SSL" || away?.name == "_RESOLVE")
            if !isConsequence { away = error }
        } else {
            last = error
        }
    }

    /// Messages came, partitions were assigned, or a broker answered.
    func noteSignOfLife() { (away, last) = (nil, nil) }

    var isAway: Bool { away != nil }

    /// What there is to wait for, or to stop for.
    var failure: ConnectorError? {
        guard var error = stop ?? away else { return nil }
        if error.name == "_ALL_BROKERS_DOWN", let last { error.message += " (\(last.name): \(last.message))" }
        return ConnectorError(error, purpose: "reading")
    }
}
