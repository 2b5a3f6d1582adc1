import Serving

/// How to publish records to topics.
public struct KafkaPublisherSettings: Sendable {
    /// The value of `bootstrap.servers`.
    public var brokers: String
    /// Topics by what is published to them.
    public var topics: [OutboxKind: String]
    /// The key of labels. If it is their origin, and without a key, the partition of the source chooses the partition
    /// of the topic, so that its order is kept.
    public var key: PublishedKey
    /// Properties of librdkafka. They may hold passwords, so they are never shown.
    public var properties: [String: String]

    /// - Parameters: as the properties.
    public init(
        brokers: String, topics: [OutboxKind: String], key: PublishedKey = .message, properties: [String: String] = [:]
    ) {
        self.brokers = brokers
        self.topics = topics
        self.key = key
        self.properties = properties
    }

    /// The properties of the producer, and of `check`. They may hold passwords.
    public var producerProperties: [String: String] {
        ["client.id": "lorikeet"]
            .merging(properties) { _, given in given }
            .merging(["bootstrap.servers": brokers]) { _, own in own }
    }
}

extension KafkaPublisherSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The topics.
    public var description: String { "Kafka \(topics.values.sorted().joined(separator: ", "))" }
    /// As the description.
    public var debugDescription: String { description }
    /// Empty, so that no dump shows a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
