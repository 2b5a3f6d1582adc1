import PostgresClient
import Serving

/// Rows of `labels`, as columns: one row per task of each message.
struct LabelColumns {
    private var keys = KeyColumns()
    private var messageKeys: [[UInt8]?] = []
    private var labels = TaskLabelColumns()
    private var distances: [Double?] = []
    private var abstentionReasons: [String?] = []
    private var windows: [Int64?] = []
    private var tokens: [Int64?] = []
    private var evidence: [String?] = []
    private var traceParents: [String?] = []

    init(_ messages: ArraySlice<LabelledMessage>) {
        for message in messages {
            let trace = message.message.traceParent?.description
            for label in message.labels { append(label, of: message.message, trace: trace) }
        }
    }

    private mutating func append(_ label: TaskLabel, of message: SourceMessage, trace: String?) {
        keys.append(message)
        messageKeys.append(message.key)
        labels.append(label)
        distances.append(label.distance.map(TaskLabelColumns.rounded))
        abstentionReasons.append(label.abstained ? (label.isNoneOfThese ? "none_of_these" : "score") : nil)
        windows.append(label.longText.map { Int64($0.windows) })
        tokens.append(label.longText.map { Int64($0.tokens) })
        evidence.append(label.longText.map { "[\($0.evidence.lowerBound),\($0.evidence.upperBound))" })
        traceParents.append(trace)
    }

    func parameters(pipeline: String) -> [PostgresValue] {
        [.text(pipeline)] + keys.origin + [labels.task, keys.time, .byteStrings(messageKeys)] + labels.values
            + [
                .doubles(distances), .texts(abstentionReasons), labels.dtype, .integers(windows), .integers(tokens),
                .texts(evidence), .texts(traceParents),
            ]
    }
}

extension LabelColumns {
    /// What the adapters gave, without key, text and whatever else the record says of itself: for rows that exist.
    var answers: [PostgresValue] {
        labels.values
            + [
                .doubles(distances), .texts(abstentionReasons), labels.dtype, .integers(windows), .integers(tokens),
                .texts(evidence),
            ]
    }
}
