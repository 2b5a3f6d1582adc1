import PostgresClient
import Serving

/// Rows of `labels`, as columns: one row per task of each message.
struct LabelColumns {
    private var keys = KeyColumns()
    private var messageKeys: [[UInt8]?] = []
    private var tasks: [String?] = []
    private var labels: [String?] = []
    private var labelSets: [String?] = []
    private var scores: [Double?] = []
    private var scoreObjects: [String?] = []
    private var abstained: [Bool?] = []
    private var digests: [String?] = []
    private var texts: [String?] = []
    private var distances: [Double?] = []
    private var abstentionReasons: [String?] = []

    init(_ messages: ArraySlice<LabelledMessage>) {
        for message in messages {
            let text = message.text.map(StorableText.text)
            for label in message.labels { append(label, of: message.message, text: text) }
        }
    }

    private mutating func append(_ label: TaskLabel, of message: SourceMessage, text: String?) {
        keys.append(message)
        messageKeys.append(message.key)
        tasks.append(StorableText.text(label.task))
        labels.append(label.label.map(StorableText.text))
        labelSets.append(label.labels.map { ArrayLiteral.texts($0.map(StorableText.text)) })
        scores.append(Self.rounded(label.score))
        scoreObjects.append(JSONText.object(label.scores))
        abstained.append(label.abstained)
        digests.append(label.adapterDigest)
        texts.append(text)
        distances.append(label.distance.map(Self.rounded))
        abstentionReasons.append(label.abstained ? (label.isNoneOfThese ? "none_of_these" : "score") : nil)
    }

    /// A probability as people read it: a `Float` printed as `Double` has nine digits of noise.
    static func rounded(_ score: Double) -> Double { Double("\(Float(score))") ?? score }

    func parameters(pipeline: String) -> [PostgresValue] {
        [.text(pipeline)] + keys.origin
            + [
                .texts(tasks), keys.time, .byteStrings(messageKeys), .texts(labels), .texts(labelSets),
                .doubles(scores),
                .texts(scoreObjects), .booleans(abstained), .texts(digests), .texts(texts), .doubles(distances),
                .texts(abstentionReasons),
            ]
    }
}
