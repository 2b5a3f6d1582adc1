import KafkaClient
import Serving

/// Errors that the client library reports beside its calls: brokers that are away, a password that is wrong.
///
/// `@unchecked` is not needed: made, filled and emptied on the source's thread only.
final class KafkaReports {
    private var stop: KafkaError?
    private var away: KafkaError?

    func append(_ error: KafkaError) {
        switch FailureTable.action(for: error) {
        case .stop: stop = stop ?? error
        case .retry, .reject:
            // The library reconnects by itself; only when no broker is left is there something to wait for.
            if error.name == "_ALL_BROKERS_DOWN" || error.name == "UNKNOWN_TOPIC_OR_PART" || error.name == "_UNKNOWN_TOPIC" { away = error }
        }
    }

    /// What ends the present call; messages that did arrive come first, except before a stop.
    func take(messagesArrived: Bool) -> SourceError? {
        if let stop { return SourceError(stop, purpose: "reading") }
        defer { away = nil }
        guard let away, !messagesArrived else { return nil }
        return SourceError(away, purpose: "reading")
    }
}
