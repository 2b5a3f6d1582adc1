import KafkaClient
import Serving

/// How to read topics as a member of a consumer group.
public struct KafkaSourceSettings: Sendable {
    /// The value of `bootstrap.servers`.
    public var brokers: String
    /// Names, or regular expressions that begin with `^`.
    public var topics: [String]
    /// The consumer group.
    public var group: String
    /// The `group.instance.id` of a static member, unless the properties have one; nil: the member is dynamic.
    public var groupInstanceID: String?
    /// Properties of librdkafka. They may hold passwords, so they are never shown.
    public var properties: [String: String]
    /// Where a new group begins.
    public var start = SourceStart.earliest
    /// Messages that one ``KafkaTextSource/next()`` returns at most.
    public var maximumMessages = 2048
    /// How long one ``KafkaTextSource/next()`` waits for the first message.
    public var pollTimeout = Duration.milliseconds(100)
    /// How long a commit waits for its answer.
    public var commitTimeout = Duration.seconds(10)
    /// How long leaving the group may take, the last commit included. With a drain and a commit before it, it must fit
    /// into systemd's `TimeoutStopSec`.
    public var leavePatience = Duration.seconds(5)

    /// - Parameters: as the properties.
    public init(brokers: String, topics: [String], group: String, properties: [String: String] = [:]) {
        self.brokers = brokers
        self.topics = topics
        self.group = group
        self.properties = properties
    }

    /// Defaults that a pipeline file may override, beside those of `KafkaClient`.
    static let defaults = [
        "client.id": "lorikeet",
        // What the client library prefetches, in KiB; its default is 64 MiB per consumer.
        "queued.max.messages.kbytes": "16384",
    ]

    /// The start as the client knows it.
    var consumerStart: ConsumerStart {
        switch start {
        case .earliest: .byDefault
        case .latest: .latest
        case .time(let milliseconds): .time(milliseconds)
        }
    }

    /// Properties that have keys of their own in a pipeline file.
    public var refusedProperties: [String] {
        ["bootstrap.servers", "group.id", "metadata.broker.list"].filter { properties[$0] != nil }
    }

    /// The properties of the consumer, and of `check`. They may hold passwords.
    public var consumerProperties: [String: String] {
        Self.defaults
            .merging(groupInstanceID.map { ["group.instance.id": $0] } ?? [:]) { _, own in own }
            .merging(properties) { _, given in given }
            .merging(["bootstrap.servers": brokers, "group.id": group]) { _, own in own }
    }
}

extension KafkaSourceSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Topics and group.
    public var description: String { "Kafka \(topics.joined(separator: ", ")) as \(group)" }
    /// As the description.
    public var debugDescription: String { description }
    /// Empty, so that no dump shows a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
