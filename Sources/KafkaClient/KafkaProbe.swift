import CRdKafka
import Threading

/// Checks what a client would find: connects and authenticates with its properties, and lists the topics; for a
/// consumer, also fetches the group's committed offsets. Joins no group, creates no topic, commits nothing.
///
/// Not `Sendable`: one thread makes it and uses it. Its calls block.
public final class KafkaProbe {
    /// A probe's own properties: it reconnects soon, creates no topic, and hears of the ends of partitions.
    private static let own = [
        "enable.partition.eof": "true",
        "allow.auto.create.topics": "false", "reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "200",
        "api.version.request.timeout.ms": "2000", "socket.connection.setup.timeout.ms": "2000",
    ]
    /// How long all brokers must be down: a name may have a second address, as `localhost` has `::1`.
    private static let patienceWhenDown = Duration.seconds(1)

    let handle: KafkaHandle
    private let secrets: KafkaSecrets
    private let kind: rd_kafka_type_t
    private let reported = ReportedErrors()

    private final class ReportedErrors {
        var all: [KafkaError] = []
    }

    /// - Parameters:
    ///   - properties: the consumer's.
    ///   - topics: the consumer's.
    ///   - broker: the one to ask; nil: those of `bootstrap.servers`.
    /// - Throws: if a property or topic is invalid.
    public convenience init(properties: [String: String], topics: [String], broker: String? = nil) throws(KafkaError) {
        try self.init(
            RD_KAFKA_CONSUMER, properties, try ConsumerSettings.checked(properties, topics: topics), broker: broker)
    }

    /// Asks as a producer; such a probe knows no group.
    ///
    /// - Parameters:
    ///   - properties: the producer's.
    ///   - broker: as above.
    /// - Throws: if a property is invalid.
    public convenience init(producer properties: [String: String], broker: String? = nil) throws(KafkaError) {
        try self.init(RD_KAFKA_PRODUCER, properties, try ProducerSettings.checked(properties), broker: broker)
    }

    private init(
        _ kind: rd_kafka_type_t, _ properties: [String: String], _ checked: [String: String], broker: String?
    ) throws(KafkaError) {
        self.kind = kind
        var settings = checked.merging(Self.own) { _, own in own }
        if kind == RD_KAFKA_PRODUCER {
            for property in ["allow.auto.create.topics", "enable.partition.eof"] { settings[property] = nil }
        }
        if let broker { settings["bootstrap.servers"] = broker }
        secrets = KafkaSecrets(properties: properties)
        let callbacks = KafkaCallbacks(
            secrets: secrets, onError: { [reported] in reported.all.append($0) }, onLog: { _ in })
        handle = try KafkaHandle(kind, properties: settings, callbacks: callbacks)
        // Refusals of the group's coordinator come as messages.
        if kind == RD_KAFKA_CONSUMER { rd_kafka_poll_set_consumer(handle.client) }
    }

    /// The `host:port` entries of a value of `bootstrap.servers`.
    public static func brokers(_ list: String) -> [String] { BrokerList(list).entries }

    // MARK: - Topics

    /// All topics that the broker shows to this user.
    public func topics(within patience: Duration) throws(KafkaProbeFailure) -> [String: KafkaTopic] {
        let deadline = ContinuousClock.now + patience
        var downSince: ContinuousClock.Instant?
        var slice = Duration.milliseconds(200)
        while true {
            if let topics = metadata(within: slice) { return topics }
            serve()
            let now = ContinuousClock.now
            if reported.all.contains(where: { $0.name == "_ALL_BROKERS_DOWN" }) { downSince = downSince ?? now }
            let failure = KafkaProbeFailure(reported.all, patience: patience)
            let isDown = downSince.map { now - $0 >= Self.patienceWhenDown } ?? false
            if failure.isFinal || isDown || now >= deadline { throw failure }
            // Growing, because a distant broker needs longer than the first slice.
            slice = min(slice * 2, deadline - now)
        }
    }

    private func metadata(within timeout: Duration) -> [String: KafkaTopic]? {
        try? Self.topics(of: handle.client, within: timeout)
    }

    /// The topics that the brokers of a client have.
    static func topics(of client: OpaquePointer, within timeout: Duration) throws(KafkaError) -> [String: KafkaTopic] {
        var metadata: UnsafePointer<rd_kafka_metadata_t>?
        // All topics: an old broker creates a topic that is asked for by name.
        try KafkaError.check(rd_kafka_metadata(client, 1, nil, &metadata, timeout.milliseconds))
        guard let metadata else { return [:] }
        defer { rd_kafka_metadata_destroy(metadata) }
        var topics: [String: KafkaTopic] = [:]
        for index in 0..<Int(metadata.pointee.topic_cnt) {
            let topic = metadata.pointee.topics[index]
            let error = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(topic.err)
            topics[String(cString: topic.topic)] = KafkaTopic(partitions: Int(topic.partition_cnt), error: error)
        }
        return topics
    }

    // MARK: - The group

    /// Answers that mean "not now".
    private static let temporaryCodes = Set(
        [
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        ].map(\.rawValue))

    /// Fetches the group's committed offsets in these topics, as a member does when it starts.
    ///
    /// - Returns: refusals by topic.
    /// - Throws: the coordinator's refusal of the whole request, or that no coordinator answers.
    public func refusals(of topics: [String], within patience: Duration) throws(KafkaError) -> [String: KafkaError] {
        // Earlier reports count: the client looks for its coordinator from the start, and librdkafka reports the same
        // refusal only once.
        let deadline = ContinuousClock.now + patience
        var slice = Duration.milliseconds(200)
        while true {
            let failure: KafkaError
            do throws(KafkaError) {
                // Any partition will do: one that does not exist has no offset, which is an answer.
                let list = try PartitionList.committed(
                    topics.map { TopicPartition(topic: $0, partition: 0) }, client: handle.client, timeout: slice)
                let refused = list.entries.compactMap { entry in entry.error.map { (entry.partition.topic, $0) } }
                return Dictionary(refused) { first, _ in first }
            } catch {
                failure = error
            }
            serve()
            let answers = (reported.all + [failure]).filter { $0.code > 0 }
            if let refusal = answers.first(where: { !Self.temporaryCodes.contains($0.code) }) { throw refusal }
            let now = ContinuousClock.now
            if now >= deadline { throw answers.last ?? Self.silence(reported.all, patience) }
            slice = min(slice * 2, deadline - now)
        }
    }

    private static func silence(_ errors: [KafkaError], _ patience: Duration) -> KafkaError {
        let reason = errors.last { $0.name != "_ALL_BROKERS_DOWN" }.map { " (\($0.message))" } ?? ""
        return KafkaError(
            RD_KAFKA_RESP_ERR__TIMED_OUT,
            message: "the group coordinator did not answer within \(patience.components.seconds) s\(reason)")
    }

    /// Takes errors from the queue.
    private func serve() {
        if kind == RD_KAFKA_PRODUCER {
            rd_kafka_poll(handle.client, 0)
            return
        }
        while let message = rd_kafka_consumer_poll(handle.client, 0) {
            defer { rd_kafka_message_destroy(message) }
            let code = message.pointee.err
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
            let words = rd_kafka_message_errstr(message).map { secrets.redacted(String(cString: $0)) }
            reported.all.append(KafkaError(code, message: words))
        }
    }
}

/// A topic as a broker shows it.
public struct KafkaTopic: Sendable, Equatable {
    /// How many it has.
    public var partitions: Int
    /// Why it cannot be read now.
    public var error: KafkaError?

    /// - Parameters: as the properties.
    public init(partitions: Int, error: KafkaError? = nil) { (self.partitions, self.error) = (partitions, error) }
}
