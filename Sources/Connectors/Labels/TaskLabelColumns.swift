import PostgresClient
import Serving

/// What an adapter gives a text, as columns: `labels` and `shadow_labels` have the same.
struct TaskLabelColumns {
    private var tasks: [String?] = []
    private var labels: [String?] = []
    private var labelSets: [String?] = []
    private var scores: [Double?] = []
    private var scoreObjects: [String?] = []
    private var abstained: [Bool?] = []
    private var digests: [String?] = []
    private var dtypes: [String?] = []

    mutating func append(_ label: TaskLabel) {
        tasks.append(StorableText.text(label.task))
        labels.append(label.label.map(StorableText.text))
        labelSets.append(label.labels.map { ArrayLiteral.texts($0.map(StorableText.text)) })
        scores.append(Self.rounded(label.score))
        scoreObjects.append(JSONText.object(label.scores))
        abstained.append(label.abstained)
        digests.append(label.adapterDigest)
        dtypes.append(label.dtype)
    }

    /// A probability as people read it: a `Float` printed as `Double` has nine digits of noise.
    static func rounded(_ score: Double) -> Double { Double("\(Float(score))") ?? score }

    /// Part of the key.
    var task: PostgresValue { .texts(tasks) }

    /// The types in which the base computed.
    var dtype: PostgresValue { .texts(dtypes) }

    /// Label, labels, score, scores, abstained and digest.
    var values: [PostgresValue] {
        [
            .texts(labels), .texts(labelSets), .doubles(scores), .texts(scoreObjects), .booleans(abstained),
            .texts(digests),
        ]
    }
}
