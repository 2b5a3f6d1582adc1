import CRdKafka
import KafkaClient
import Synchronization
import Threading

/// librdkafka's mock cluster: the real protocol on real sockets of 127.0.0.1, ports chosen by the system, reachable by other processes.
///
/// It keeps at most 5 MiB or 100,000 batches a partition and forgets all when it stops, which also happens when this object goes away.
public final class EmbeddedBroker: Sendable {
    /// For `bootstrap.servers`, also of other processes on this machine.
    public let bootstrapServers: String

    // MARK: - Mutable State

    /// The cluster until `stop`; its functions lock for themselves, this lock keeps them off a cluster that is being destroyed.
    private let state: Mutex<MockCluster?>

    /// Starts a cluster of so many brokers, numbered from 1.
    public init(brokers: Int = 1, onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }) throws(KafkaError) {
        let cluster = try MockCluster(brokers: brokers, onLog: onLog)
        bootstrapServers = cluster.bootstrapServers
        state = Mutex(cluster)
    }

    /// Makes a topic. Clients that allow it make topics by asking for them, with 4 partitions.
    public func createTopic(_ topic: String, partitions: Int) throws(KafkaError) {
        try withCluster { rd_kafka_mock_topic_create($0, topic, Int32(clamping: partitions), 1) }
    }

    /// Answers questions about a topic with this code, for example 3, `UNKNOWN_TOPIC_OR_PART`; `nil` answers them truly again. Without it the mock cluster makes every topic that
    /// it is asked for.
    public func setTopicError(_ topic: String, _ code: Int32?) throws(KafkaError) {
        try withCluster { cluster in
            rd_kafka_mock_topic_set_error(cluster, topic, rd_kafka_resp_err_t(rawValue: code ?? 0))
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// The next requests of this kind are answered with these codes, one each; `_TRANSPORT` (-195) breaks the connection.
    public func pushErrors(_ api: KafkaAPI, _ codes: [Int32]) throws(KafkaError) {
        try withCluster { cluster in
            let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
            rd_kafka_mock_push_request_errors_array(cluster, api.rawValue, errors.count, errors)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// The next requests of this kind to a broker are answered so late, with this code (0 is none), one each.
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

    /// Speaks only these versions of a request, as an older broker would.
    public func setVersions(_ api: KafkaAPI, _ versions: ClosedRange<Int16>) throws(KafkaError) {
        try withCluster { rd_kafka_mock_set_apiversion($0, api.rawValue, versions.lowerBound, versions.upperBound) }
    }

    /// Takes back the errors that no request has met yet.
    public func clearErrors(_ api: KafkaAPI) throws(KafkaError) {
        try withCluster { cluster in
            rd_kafka_mock_clear_request_errors(cluster, api.rawValue)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Closes every connection of a broker (`nil`: of all) and takes no new one.
    public func setDown(broker: Int32? = nil) throws(KafkaError) {
        try withCluster { rd_kafka_mock_broker_set_down($0, broker ?? -1) }
    }

    /// Takes connections again.
    public func setUp(broker: Int32? = nil) throws(KafkaError) {
        try withCluster { rd_kafka_mock_broker_set_up($0, broker ?? -1) }
    }

    /// Delays every answer by this long.
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

/// Owns one `rd_kafka_mock_cluster_t` and the client that librdkafka wants beside it. Unchecked because the two pointers never change and librdkafka's functions on
/// them lock for themselves.
private final class MockCluster: @unchecked Sendable {
    let cluster: OpaquePointer
    private let client: IdleClient

    init(brokers: Int, onLog: @escaping @Sendable (KafkaLogLine) -> Void) throws(KafkaError) {
        let client = try IdleClient(name: "lorikeet-broker", onLog: onLog)
        guard let cluster = rd_kafka_mock_cluster_new(client.pointer, Int32(clamping: brokers)) else {
            throw .invalid("no embedded broker: no memory, threads or sockets")
        }
        self.client = client
        self.cluster = cluster
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    var bootstrapServers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }
}
