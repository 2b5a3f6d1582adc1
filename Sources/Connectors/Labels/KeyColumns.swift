import PostgresClient
import Serving

/// The keys of messages, as columns.
struct KeyColumns {
    private var topics: [String?] = []
    private var partitions: [Int64?] = []
    private var offsets: [Int64?] = []
    private var producedAt: [Int64?] = []

    init(_ messages: [SourceMessage]) {
        for message in messages { append(message) }
    }

    init() {}

    mutating func append(_ message: SourceMessage) {
        topics.append(StorableText.text(message.origin.topic))
        partitions.append(Int64(message.origin.partition))
        offsets.append(message.origin.offset)
        producedAt.append(StorableTime.milliseconds(message.producedAt))
    }

    /// Topic, partition, offset.
    var origin: [PostgresValue] { [.texts(topics), .integers(partitions), .integers(offsets)] }
    var time: PostgresValue { .timestamps(producedAt) }

    func parameters(pipeline: String) -> [PostgresValue] { [.text(pipeline)] + origin + [time] }
}
