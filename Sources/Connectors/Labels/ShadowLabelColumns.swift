import PostgresClient
import Serving

/// Rows of `shadow_labels`, as columns: one row per challenger of each message.
struct ShadowLabelColumns {
    private var keys = KeyColumns()
    private var labels = TaskLabelColumns()
    private var championDigests: [String?] = []
    private var championScores: [Double?] = []
    private var changes: [String?] = []

    init(_ messages: ArraySlice<LabelledMessage>) {
        for message in messages {
            for shadow in message.shadows { append(shadow, of: message.message) }
        }
    }

    private mutating func append(_ shadow: ShadowLabel, of message: SourceMessage) {
        keys.append(message)
        labels.append(shadow.label)
        championDigests.append(shadow.championDigest)
        championScores.append(TaskLabelColumns.rounded(shadow.championScore))
        changes.append(shadow.change.rawValue)
    }

    func parameters(pipeline: String) -> [PostgresValue] {
        [.text(pipeline)] + keys.origin + [labels.task, keys.time] + labels.values
            + [.texts(championDigests), .doubles(championScores), .texts(changes), labels.dtype]
    }
}
