import CRdKafka

/// The target of librdkafka's callbacks: the `opaque` of a client.
///
/// `KafkaHandle` keeps one strong reference through `Unmanaged` from before `rd_kafka_new` until after
/// `rd_kafka_destroy`, so that no callback comes too early or too late. All callbacks run on the thread that polls,
/// except `log`, which librdkafka calls from threads of its own and which reads only constants.
class KafkaCallbacks {
    let onLog: @Sendable (KafkaLogLine) -> Void
    let secrets: KafkaSecrets

    /// A fatal error for the next call to throw.
    private(set) var fatalError: KafkaError?
    private let onError: (KafkaError) -> Void
    private var standing: Set<StandingError> = []

    init(
        secrets: KafkaSecrets, onError: @escaping (KafkaError) -> Void,
        onLog: @escaping @Sendable (KafkaLogLine) -> Void
    ) {
        self.secrets = secrets
        self.onError = onError
        self.onLog = onLog
    }

    func rebalance(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    ) {}

    func delivered(_ message: rd_kafka_message_t) {}

    func log(level: Int32, facility: UnsafePointer<CChar>?, message: UnsafePointer<CChar>?) {
        onLog(
            KafkaLogLine(
                level: Int(level), facility: facility.map { String(cString: $0) } ?? "",
                message: secrets.redacted(message.map { String(cString: $0) } ?? "")))
    }

    // MARK: - Errors, reported once per change of state

    private struct StandingError: Hashable {
        var code: Int32
        var topicPartition: TopicPartition?
    }

    /// Reports an error unless the same one was reported already and has not passed since.
    func report(_ error: KafkaError) {
        if error.isFatal { fatalError = error }
        let key = StandingError(code: error.code, topicPartition: error.topicPartition)
        if standing.insert(key).inserted { onError(error) }
    }

    /// A message of this partition arrived: its errors have passed.
    func partitionWorks(_ partition: TopicPartition) {
        if standing.isEmpty { return }
        standing = standing.filter { error in
            guard let concerned = error.topicPartition, concerned.topic == partition.topic else { return true }
            return concerned.partition >= 0 && concerned.partition != partition.partition
        }
    }

    /// A broker answered: the next loss of it is reported again.
    func connectionWorks() {
        if standing.isEmpty { return }
        standing = standing.filter { $0.topicPartition != nil }
    }

    func clientError(_ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ reason: UnsafePointer<CChar>?) {
        if code == RD_KAFKA_RESP_ERR__FATAL {
            var text = [CChar](repeating: 0, count: 512)
            let underlying = rd_kafka_fatal_error(client, &text, text.count)
            report(KafkaError(underlying, message: secrets.redacted(String(cBuffer: text)), isFatal: true))
        } else {
            report(KafkaError(code, message: reason.map { secrets.redacted(String(cString: $0)) }))
        }
    }
}
