import CRdKafka

/// What librdkafka or a broker refused, with the C code. Patterns match on `code`, which is stable; texts are not.
public struct KafkaError: Error, Sendable, Equatable {
    /// librdkafka's code: positive ones came from a broker, negative ones from the client library.
    public var code: Int32

    /// The code's name, for example `_ALL_BROKERS_DOWN`.
    public var name: String

    /// What happened, in librdkafka's words; never holds a password or a message's content.
    public var message: String

    /// The client can do nothing any more; make a new one or give up.
    public var isFatal: Bool

    /// The same call may well succeed later, without anyone changing anything.
    public var isRetriable: Bool

    /// The partition concerned, if it is one; a partition of -1 means the whole topic.
    public var topicPartition: TopicPartition?

    public init(
        code: Int32, name: String, message: String, isFatal: Bool = false, isRetriable: Bool = false,
        topicPartition: TopicPartition? = nil
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.isFatal = isFatal
        self.isRetriable = isRetriable
        self.topicPartition = topicPartition
    }
}

extension KafkaError: CustomStringConvertible {
    public var description: String {
        let place = topicPartition.map { $0.partition < 0 ? " (\($0.topic))" : " (\($0))" } ?? ""
        return "Kafka \(name)\(place): \(message)"
    }
}
