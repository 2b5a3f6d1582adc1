import Serving
import Synchronization

/// The texts of a run between ``RelabelTextSource`` and ``RelabelSink``. The limits on messages in flight bound them.
///
/// On the serving path a text is a message with an origin of its own, a number: two records of a topic that was created
/// again have the same origin.
public final class RelabelTextsInFlight: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var texts: [Int64: RelabelText] = [:]
        var count: Int64 = 0
    }

    private let state = Mutex(State())

    /// Topic and partition of the messages.
    static let partition = SourcePartition(topic: "stored texts", partition: 0)

    /// Without texts.
    public init() {}

    /// A message for the serving path.
    func message(_ text: RelabelText, content: String) -> SourceMessage {
        let number = state.withLock { state in
            defer { state.count += 1 }
            state.texts[state.count] = text
            return state.count
        }
        let partition = Self.partition
        return SourceMessage(
            origin: Origin(topic: partition.topic, partition: partition.partition, offset: number),
            payload: Array(content.utf8),
            headers: text.rows.map { (name: RelabelTextSource.taskHeader, value: Array($0.task.utf8)) })
    }

    func text(of message: SourceMessage) -> RelabelText? { state.withLock { $0.texts[message.origin.offset] } }

    func remove(_ messages: [SourceMessage]) {
        state.withLock { state in for message in messages { state.texts[message.origin.offset] = nil } }
    }

    /// Whether every text has been relabelled or left as it is.
    public var isEmpty: Bool { state.withLock { $0.texts.isEmpty } }
}
