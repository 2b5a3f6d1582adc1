/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable {
    /// The topic's name.
    public var topic: String
    /// From 0; -1 is the whole topic.
    public var partition: Int32

    /// - Parameters: as the properties.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

extension TopicPartition: Comparable {
    /// By topic, then by number.
    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

extension TopicPartition: CustomStringConvertible {
    /// `topic[partition]`.
    public var description: String { "\(topic)[\(partition)]" }
}

/// A header of a message. Names may repeat and values may be null.
public struct KafkaHeader: Hashable, Sendable {
    /// May repeat within a message.
    public var name: String
    /// `nil` is null.
    public var value: [UInt8]?

    /// - Parameters: as the properties.
    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A message as read from a partition. A null key or payload is `nil`, an empty one is `[]`.
public struct KafkaMessage: Sendable, Equatable {
    /// The topic's name.
    public var topic: String
    /// From 0.
    public var partition: Int32
    /// From 0.
    public var offset: Int64
    /// `nil` is null.
    public var key: [UInt8]?
    /// `nil` is null.
    public var payload: [UInt8]?
    /// In the order of the record.
    public var headers: [KafkaHeader]

    /// Milliseconds since 1970, set by the producer or the broker; `nil` if the message has none.
    public var timestamp: Int64?

    /// - Parameters: as the properties.
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

    /// The partition that the message was read from.
    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

extension KafkaMessage: CustomStringConvertible {
    /// Origin and sizes only: contents must not reach a log.
    public var description: String {
        "\(topic)[\(partition)]@\(offset), key \(key.map { "\($0.count) bytes" } ?? "null"), "
            + "payload \(payload.map { "\($0.count) bytes" } ?? "null")"
    }
}

/// A line of librdkafka's own log, passwords redacted.
public struct KafkaLogLine: Sendable, Equatable {
    /// The syslog level: 3 and lower are errors, 4 warnings, 5 and 6 information, 7 debugging.
    public var level: Int
    /// The part of librdkafka that wrote it, for example `FAIL`.
    public var facility: String
    /// The line, without level and facility.
    public var message: String

    /// Whether it reports that an offset was out of range and reading resumes at `auto.offset.reset`. librdkafka logs
    /// no warning for a group that has no committed offset yet.
    public var isOffsetReset: Bool { level <= 4 && facility == "OFFSET" && message.contains("offset reset") }
}
