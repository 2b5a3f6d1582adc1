import CRdKafka
import KafkaClient
import Synchronization
import Threading

/// A Kafka cluster in this process: librdkafka's mock cluster, for the demo, tests, benchmarks and soak.
///
/// It speaks the real protocol on 127.0.0.1, on ports that the system chooses, also to other processes. It keeps at
/// most 5 MiB or 100,000 batches per partition, has no read-committed, and forgets everything when it stops, at the
/// latest when this object is released.
public final class EmbeddedBroker: Sendable {
    /// The value of `bootstrap.servers`, also for other processes on this machine.
    public let bootstrapServers: String

    // MARK: - Mutable State

    /// `nil` after `stop`. librdkafka's functions lock for themselves; this lock keeps them off a cluster that is being
    /// destroyed.
    private let state: Mutex<MockCluster?>

    /// Starts a cluster.
    ///
    /// - Parameters:
    ///   - brokers: how many; they are numbered from 1.
    ///   - onLog: librdkafka's log, from its own threads.
    public init(brokers: Int = 1, onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }) throws(KafkaError) {
        let cluster = try MockCluster(brokers: brokers, onLog: onLog)
        bootstrapServers = cluster.bootstrapServers
        state = Mutex(cluster)
    }

    /// Creates a topic. A client that asks for a missing topic, and allows it, creates one with 4 partitions.
    public func createTopic(_ topic: String, partitions: Int) throws(KafkaError) {
        try withCluster { rd_kafka_mock_topic_create($0, topic, Int32(clamping: partitions), 1) }
    }

    /// Answers metadata requests for a topic with this code, for example 3, `UNKNOWN_TOPIC_OR_PART`; `nil` ends that.
    /// Without it the mock cluster creates every topic that it is asked for.
    public func setTopicError(_ topic: String, _ code: Int32?) throws(KafkaError) {
        try withCluster { cluster in
            rd_kafka_mock_topic_set_error(cluster, topic, rd_kafka_resp_err_t(rawValue: code ?? 0))
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Answers the next requests of this kind with these codes, one each. `_TRANSPORT` (-195) breaks the connection.
    public func pushErrors(_ api: KafkaAPI, _ codes: [Int32]) throws(KafkaError) {
        try withCluster { cluster in
            let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
            rd_kafka_mock_push_request_errors_array(cluster, api.rawValue, errors.count, errors)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Answers the next requests of this kind to a broker with these codes (0 is success) after these delays, one each.
    public func pushAnswers(_ api: KafkaAPI, _ answers: [(code: Int32, delay: Duration)], broker: Int32 = 1)
        throws(KafkaError)
    {
        for answer in answers {
            try withCluster {
                lorikeet_push_answer(
                    $0, broker, api.rawValue, rd_kafka_resp_err_t(rawValue: answer.code), answer.delay.milliseconds)
            }
        }
    }

    /// Supports only these versions of a request, as an older broker does.
    public func setVersions(_ api: KafkaAPI, _ versions: ClosedRange<Int16>) throws(KafkaError) {
        try withCluster { rd_kafka_mock_set_apiversion($0, api.rawValue, versions.lowerBound, versions.upperBound) }
    }

    /// Discards the pushed errors that no request has met yet.
    public func clearErrors(_ api: KafkaAPI) throws(KafkaError) {
        try withCluster { cluster in
            rd_kafka_mock_clear_request_errors(cluster, api.rawValue)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Closes every connection of a broker (`nil`: of all) and accepts no new one.
    public func setDown(broker: Int32? = nil) throws(KafkaError) {
        try withCluster { rd_kafka_mock_broker_set_down($0, broker ?? -1) }
    }

    /// Ends `setDown`.
    public func setUp(broker: Int32? = nil) throws(KafkaError) {
        try withCluster { rd_kafka_mock_broker_set_up($0, broker ?? -1) }
    }

    /// Delays every answer.
    public func setRoundTrip(_ delay: Duration, broker: Int32? = nil) throws(KafkaError) {
        try withCluster { rd_kafka_mock_broker_set_rtt($0, broker ?? -1, delay.milliseconds) }
    }

    /// Closes all sockets and frees all messages. Calling it again does nothing.
    public func stop() {
        state.withLock { $0 = nil }
    }

    private func withCluster(_ body: (OpaquePointer) -> rd_kafka_resp_err_t) throws(KafkaError) {
        let code = state.withLock { $0.map { body($0.cluster) } ?? RD_KAFKA_RESP_ERR__DESTROY }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code) }
    }
}

/// Requests of the Kafka protocol, by API key.
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

/// Owns one `rd_kafka_mock_cluster_t` and the client that it needs. `@unchecked Sendable` because the pointers never
/// change and librdkafka's functions on them lock for themselves.
private final class MockCluster: @unchecked Sendable {
    let cluster: OpaquePointer
    private let client: IdleClient

    init(brokers: Int, onLog: @escaping @Sendable (KafkaLogLine) -> Void) throws(KafkaError) {
        let client = try IdleClient(name: "lorikeet-broker", onLog: onLog)
        guard let cluster = rd_kafka_mock_cluster_new(client.pointer, Int32(clamping: brokers)) else {
            throw .invalid("the embedded broker did not start: out of memory, threads or sockets")
        }
        self.client = client
        self.cluster = cluster
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    var bootstrapServers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }
}
