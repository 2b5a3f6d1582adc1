/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable {
    public var topic: String
    public var partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

extension TopicPartition: Comparable {
    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

extension TopicPartition: CustomStringConvertible {
    public var description: String { "\(topic)[\(partition)]" }
}

/// A header of a message; Kafka allows the same name several times and a value that is null.
public struct KafkaHeader: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A message as it was read from a partition. A null key or payload is `nil`, an empty one is `[]`.
public struct KafkaMessage: Sendable, Equatable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    public var key: [UInt8]?
    public var payload: [UInt8]?
    public var headers: [KafkaHeader]

    /// Milliseconds since 1970 as the producer or the broker set them; `nil` if the message has no timestamp.
    public var timestamp: Int64?

    public init(
        topic: String, partition: Int32, offset: Int64, key: [UInt8]? = nil, payload: [UInt8]?,
        headers: [KafkaHeader] = [], timestamp: Int64? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.payload = payload
        self.headers = headers
        self.timestamp = timestamp
    }

    /// Where the message came from.
    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

extension KafkaMessage: CustomStringConvertible {
    /// Origin and sizes only: contents of messages never reach a log.
    public var description: String {
        "\(topic)[\(partition)]@\(offset), key \(key.map { "\($0.count) bytes" } ?? "null"), "
            + "payload \(payload.map { "\($0.count) bytes" } ?? "null")"
    }
}

/// A line of librdkafka's own log, passwords of the configuration blotted out.
public struct KafkaLogLine: Sendable, Equatable {
    /// The syslog level: 3 and lower are errors, 4 warnings, 5 and 6 information, 7 debugging.
    public var level: Int
    /// The part of librdkafka that wrote it, for example `FAIL`.
    public var facility: String
    public var message: String

    /// Whether it tells that a position was out of range, so that reading goes on at `auto.offset.reset`. A group's first position is none of these: librdkafka does not
    /// warn of it.
    public var isOffsetReset: Bool { level <= 4 && facility == "OFFSET" && message.contains("offset reset") }
}
