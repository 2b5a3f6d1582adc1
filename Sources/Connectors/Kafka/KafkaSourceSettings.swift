/// How to read topics as a member of a consumer group.
public struct KafkaSourceSettings: Sendable {
    public var brokers: String
    public var topics: [String]
    public var group: String
    /// Properties of librdkafka, as they are; they may hold passwords, so they are shown nowhere.
    public var properties: [String: String]
    /// Messages that one ``KafkaTextSource/next()`` returns at most.
    public var maximumMessages = 2048
    /// How long one ``KafkaTextSource/next()`` waits for the first message.
    public var pollTimeout = Duration.milliseconds(100)

    public init(brokers: String, topics: [String], group: String, properties: [String: String] = [:]) {
        self.brokers = brokers
        self.topics = topics
        self.group = group
        self.properties = properties
    }

    /// Properties that a pipeline file may set otherwise. `KafkaClient` has defaults of its own, and refuses to commit
    /// by itself.
    static let defaults = [
        "client.id": "lorikeet",
        // What the client library fetches ahead, in kB; its own default would hold 64 MB a consumer.
        "queued.max.messages.kbytes": "16384",
    ]

    /// Properties given that have a key of their own in a pipeline file.
    public var refusedProperties: [String] {
        ["bootstrap.servers", "group.id", "metadata.broker.list"].filter { properties[$0] != nil }
    }

    /// What the consumer is made with, and what `check` tries; may hold passwords.
    public var consumerProperties: [String: String] {
        Self.defaults
            .merging(properties) { _, given in given }
            .merging(["bootstrap.servers": brokers, "group.id": group]) { _, own in own }
    }
}

extension KafkaSourceSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Kafka \(topics.joined(separator: ", ")) as \(group)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
