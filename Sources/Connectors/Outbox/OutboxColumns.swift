import PostgresClient
import Serving

/// Rows of `outbox`, as columns: one row per record that is published.
struct OutboxColumns {
    private var keys = KeyColumns()
    private var kinds: [String?] = []

    init(_ labelled: [LabelledMessage], _ rejections: [Rejection], settings: OutboxSettings) {
        for message in labelled where message.labels.contains(where: { settings.publishes(task: $0.task) }) {
            append(message.message, .labels)
        }
        if settings.publishesRejected { for rejection in rejections { append(rejection.message, .rejected) } }
    }

    private mutating func append(_ message: SourceMessage, _ kind: OutboxKind) {
        keys.append(message)
        kinds.append(kind.rawValue)
    }

    var count: Int { kinds.count }

    func parameters(pipeline: String) -> [PostgresValue] { keys.parameters(pipeline: pipeline) + [.texts(kinds)] }
}
