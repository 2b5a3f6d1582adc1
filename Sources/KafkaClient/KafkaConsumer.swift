import CRdKafka

/// A member of a consumer group. Not `Sendable`: make it, use it and close it on one thread.
public final class KafkaConsumer {
    public init(
        properties: [String: String], topics: [String],
        onAssigned: @escaping ([TopicPartition]) -> Void,
        onRevoked: @escaping (_ partitions: [TopicPartition], _ lost: Bool) -> [TopicPartition: Int64],
        onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in },
        onStatistics: ((String) -> Void)? = nil
    ) throws(KafkaError) {}

    /// The partitions this member reads now.
    public var assignment: [TopicPartition] { [] }
    /// Ends a wait in `poll` early, from any thread.
    public var waker: KafkaWaker { KafkaWaker() }
    public func poll(maximum: Int, timeout: Duration) throws(KafkaError) -> [KafkaMessage] { [] }
    /// Positions are the next offset to read, that is the last one done plus 1.
    public func commit(_ positions: [TopicPartition: Int64], timeout: Duration = .seconds(10)) throws(KafkaError) {}
    /// Committed positions of the assigned partitions; a partition without one is left out.
    public func committed(timeout: Duration = .seconds(10)) throws(KafkaError) -> [TopicPartition: Int64] { [:] }
    public var isPaused: Bool { false }
    public func pause() throws(KafkaError) {}
    public func resume() throws(KafkaError) {}
    /// Messages in each assigned partition that were not yet read.
    public func lag(timeout: Duration = .seconds(1)) -> [TopicPartition: Int64] { [:] }
    public func close(timeout: Duration = .seconds(20)) {}
}

/// Wakes a consumer from any thread.
public final class KafkaWaker: Sendable {
    public func wake() {}
}
