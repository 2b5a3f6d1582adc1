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

    /// Properties that Lorikeet's promise rests on: a position is committed when its rows are stored, and not before.
    static let fixed = [
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "enable.partition.eof": "false",
    ]

    /// Properties that a pipeline file may set otherwise.
    static let defaults = [
        "client.id": "lorikeet",
        // A group that is new reads what is there already.
        "auto.offset.reset": "earliest",
        // What the client library fetches ahead, in kB; its own default would hold 64 MB a consumer.
        "queued.max.messages.kbytes": "16384",
        // An idle connection that a firewall has forgotten is noticed.
        "socket.keepalive.enable": "true",
    ]

    /// What a pipeline file must not set: the fixed ones with another value, and what has a key of its own there.
    public var refusedProperties: [String] {
        let refused = properties.filter { name, value in
            if let fixed = Self.fixed[name] { return value != fixed }
            return name == "bootstrap.servers" || name == "metadata.broker.list" || name == "group.id"
        }
        return refused.keys.sorted()
    }

    var consumerProperties: [String: String] {
        Self.defaults
            .merging(properties) { _, given in given }
            .merging(Self.fixed) { _, fixed in fixed }
            .merging(["bootstrap.servers": brokers, "group.id": group]) { _, own in own }
    }
}

extension KafkaSourceSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Kafka \(topics.joined(separator: ", ")) as \(group)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
