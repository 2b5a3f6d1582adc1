import PostgresClient
import Serving

/// Rows of `shadow_labels`, as columns: one row per challenger of each message.
struct ShadowLabelColumns {
    private var keys = KeyColumns()
    private var tasks: [String?] = []
    private var labels: [String?] = []
    private var labelSets: [String?] = []
    private var scores: [Double?] = []
    private var scoreObjects: [String?] = []
    private var abstained: [Bool?] = []
    private var digests: [String?] = []
    private var championDigests: [String?] = []
    private var championScores: [Double?] = []
    private var changes: [String?] = []

    init(_ messages: ArraySlice<LabelledMessage>) {
        for message in messages {
            for shadow in message.shadows { append(shadow, of: message.message) }
        }
    }

    private mutating func append(_ shadow: ShadowLabel, of message: SourceMessage) {
        let label = shadow.label
        keys.append(message)
        tasks.append(StorableText.text(label.task))
        labels.append(label.label.map(StorableText.text))
        labelSets.append(label.labels.map { ArrayLiteral.texts($0.map(StorableText.text)) })
        scores.append(LabelColumns.rounded(label.score))
        scoreObjects.append(JSONText.object(label.scores))
        abstained.append(label.abstained)
        digests.append(label.adapterDigest)
        championDigests.append(shadow.championDigest)
        championScores.append(LabelColumns.rounded(shadow.championScore))
        changes.append(shadow.change.rawValue)
    }

    func parameters(pipeline: String) -> [PostgresValue] {
        [.text(pipeline)] + keys.origin
            + [
                .texts(tasks), keys.time, .texts(labels), .texts(labelSets), .doubles(scores), .texts(scoreObjects),
                .booleans(abstained), .texts(digests), .texts(championDigests), .doubles(championScores),
                .texts(changes),
            ]
    }
}
