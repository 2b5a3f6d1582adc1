import CRdKafka

/// What librdkafka or a broker refused, with the C code. Patterns match on `code`, which is stable; texts are not.
public struct KafkaError: Error, Sendable, Equatable {
    /// librdkafka's code: positive ones came from a broker, negative ones from the client library.
    public var code: Int32

    /// The code's name, for example `_ALL_BROKERS_DOWN`.
    public var name: String

    /// What happened, in librdkafka's words; never holds a password or a message's content.
    public var message: String

    /// The client can do nothing any more; make a new one or give up.
    public var isFatal: Bool

    /// The same call may well succeed later, without anyone changing anything.
    public var isRetriable: Bool

    /// The partition concerned, if it is one; a partition of -1 means the whole topic.
    public var topicPartition: TopicPartition?

    public init(
        code: Int32, name: String, message: String, isFatal: Bool = false, isRetriable: Bool = false,
        topicPartition: TopicPartition? = nil
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.isFatal = isFatal
        self.isRetriable = isRetriable
        self.topicPartition = topicPartition
    }
}

extension KafkaError: CustomStringConvertible {
    public var description: String {
        let place = topicPartition.map { $0.partition < 0 ? " (\($0.topic))" : " (\($0))" } ?? ""
        return "Kafka \(name)\(place): \(message)"
    }
}

// MARK: - From C

extension KafkaError {
    package init(
        _ code: rd_kafka_resp_err_t, message: String? = nil, isFatal: Bool = false,
        topicPartition: TopicPartition? = nil
    ) {
        self.init(
            code: code.rawValue, name: String(cString: rd_kafka_err2name(code)),
            message: message ?? String(cString: rd_kafka_err2str(code)), isFatal: isFatal,
            isRetriable: !isFatal && Self.retriableCodes.contains(code.rawValue), topicPartition: topicPartition)
    }

    /// Takes the error object over and frees it.
    init(consuming error: OpaquePointer) {
        self.init(
            rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0)
        if rd_kafka_error_is_retriable(error) != 0 { isRetriable = !isFatal }
        rd_kafka_error_destroy(error)
    }

    /// A wrong use or configuration that librdkafka has no words of its own for.
    package static func invalid(_ message: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message)
    }

    static var closed: KafkaError { KafkaError(RD_KAFKA_RESP_ERR__DESTROY, message: "the client is closed") }

    /// librdkafka marks some errors as retriable only inside transactions; these pass by themselves everywhere.
    private static let retriableCodes = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE, RD_KAFKA_RESP_ERR__IN_PROGRESS,
            RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__RETRY,
            RD_KAFKA_RESP_ERR__NO_OFFSET, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        ].map(\.rawValue))
}
