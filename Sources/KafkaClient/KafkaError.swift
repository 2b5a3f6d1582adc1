import CRdKafka

/// A failure of librdkafka or a broker, with the C code. Match on `code` or `name`, which are stable; texts are not.
public struct KafkaError: Error, Sendable, Equatable {
    /// librdkafka's code: positive from a broker, negative from the client library.
    public var code: Int32

    /// The code's name, for example `_ALL_BROKERS_DOWN`.
    public var name: String

    /// What happened, in librdkafka's words. Holds no password and no part of a message.
    public var message: String

    /// Whether the client is unusable from now on.
    public var isFatal: Bool

    /// The partition concerned, if any; partition -1 is the whole topic.
    public var topicPartition: TopicPartition?

    /// - Parameters: as the properties.
    public init(
        code: Int32, name: String, message: String, isFatal: Bool = false, topicPartition: TopicPartition? = nil
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.isFatal = isFatal
        self.topicPartition = topicPartition
    }
}

extension KafkaError {
    /// Whether the connection broke while the client logged in. librdkafka reports that by the name of a refused
    /// login; only its text tells one of its own errors from an answer of the broker.
    public var isBrokenLogin: Bool { name == "_AUTHENTICATION" && message.contains("failed: Local: ") }
}

extension KafkaError: CustomStringConvertible {
    /// Name, partition and message.
    public var description: String {
        let place = topicPartition.map { $0.partition < 0 ? " (\($0.topic))" : " (\($0))" } ?? ""
        return "Kafka \(name)\(place): \(message)"
    }
}

// MARK: - From C

extension KafkaError {
    /// - Parameter message: instead of librdkafka's text for the code.
    package init(
        _ code: rd_kafka_resp_err_t, message: String? = nil, isFatal: Bool = false,
        topicPartition: TopicPartition? = nil
    ) {
        self.init(
            code: code.rawValue, name: String(cString: rd_kafka_err2name(code)),
            message: message ?? String(cString: rd_kafka_err2str(code)), isFatal: isFatal,
            topicPartition: topicPartition)
    }

    /// Frees the error object.
    init(consuming error: OpaquePointer) {
        self.init(
            rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0)
        rd_kafka_error_destroy(error)
    }

    /// A wrong use or configuration that librdkafka does not detect.
    package static func invalid(_ message: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message)
    }

    /// Throws what a code says, if it says an error.
    static func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code) }
    }

    static var closed: KafkaError { KafkaError(RD_KAFKA_RESP_ERR__DESTROY, message: "the client is closed") }
}
