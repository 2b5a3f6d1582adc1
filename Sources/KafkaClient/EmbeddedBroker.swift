import CRdKafka

/// librdkafka's mock cluster: the real protocol on real sockets of 127.0.0.1, reachable by other processes.
public final class EmbeddedBroker: Sendable {
    public init(brokers: Int = 1, onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }) throws(KafkaError) {}
    public var bootstrapServers: String { "" }
    public func createTopic(_ topic: String, partitions: Int) throws(KafkaError) {}
    /// The next requests of this kind are answered with these codes, one each.
    public func pushErrors(_ api: KafkaAPI, _ codes: [Int32]) {}
    /// The broker (1…n; nil: all) closes every connection and takes no new one.
    public func setDown(broker: Int32? = nil) {}
    public func setUp(broker: Int32? = nil) {}
    public func setRoundTrip(_ delay: Duration, broker: Int32? = nil) {}
    public func stop() {}
}

/// Requests of the Kafka protocol by their number.
public enum KafkaAPI: Int16, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
}
