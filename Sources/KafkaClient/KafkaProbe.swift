import CRdKafka
import Threading

/// Asks a cluster what a consumer would meet: connects and authenticates with the consumer's properties, reads the
/// list of topics and the group's committed positions. Joins no group, makes no topic, commits nothing.
///
/// Not `Sendable`: one thread makes it and uses it; its calls block.
public final class KafkaProbe {
    /// What a probe sets its own way: it tries again soon, and nothing that it asks for comes into being.
    private static let own = [
        "allow.auto.create.topics": "false", "reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "200",
        "api.version.request.timeout.ms": "2000", "socket.connection.setup.timeout.ms": "2000",
    ]
    /// Brokers that are all away may have other addresses: `localhost` is `::1` as well.
    private static let patienceWhenDown = Duration.seconds(1)

    private let handle: KafkaHandle
    private let secrets: KafkaSecrets
    private let notes = Notes()

    /// What was reported since it was asked last.
    private final class Notes {
        var errors: [KafkaError] = []
    }

    /// - Parameter broker: the one to ask; nil: those of `bootstrap.servers`.
    public init(properties: [String: String], topics: [String], broker: String? = nil) throws(KafkaError) {
        var settings = try ConsumerSettings.checked(properties, topics: topics).merging(Self.own) { _, own in own }
        if let broker { settings["bootstrap.servers"] = broker }
        secrets = KafkaSecrets(properties: properties)
        let callbacks = KafkaCallbacks(
            secrets: secrets, onError: { [notes] in notes.errors.append($0) }, onLog: { _ in }, onStatistics: nil)
        handle = try KafkaHandle(RD_KAFKA_CONSUMER, properties: settings, callbacks: callbacks)
        // What the group's coordinator refuses comes as a message.
        rd_kafka_poll_set_consumer(handle.client)
    }

    /// The brokers that `bootstrap.servers` names.
    public static func brokers(_ list: String) -> [String] { BrokerList(list).entries }

    // MARK: - Topics

    /// All topics that the broker shows to this user, with their partitions, or with why one cannot be read.
    public func topics(within patience: Duration) throws(KafkaProbeFailure) -> [String: KafkaTopic] {
        let deadline = ContinuousClock.now + patience
        var downSince: ContinuousClock.Instant?
        var slice = Duration.milliseconds(200)
        while true {
            if let topics = metadata(within: slice) { return topics }
            serve()
            let now = ContinuousClock.now
            if notes.errors.contains(where: { $0.name == "_ALL_BROKERS_DOWN" }) { downSince = downSince ?? now }
            let failure = KafkaProbeFailure(notes.errors, patience: patience)
            let isDown = downSince.map { now - $0 >= Self.patienceWhenDown } ?? false
            if failure.isFinal || isDown || now >= deadline { throw failure }
            // Growing, since a broker that is far away needs longer than the first.
            slice = min(slice * 2, deadline - now)
        }
    }

    private func metadata(within timeout: Duration) -> [String: KafkaTopic]? {
        var metadata: UnsafePointer<rd_kafka_metadata_t>?
        // All topics: asked for one that is missing, an old broker would make it.
        let code = rd_kafka_metadata(handle.client, 1, nil, &metadata, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { return nil }
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

    /// Asks the group's coordinator for the positions committed in these topics, as a member does when it begins.
    ///
    /// - Returns: what is refused, by topic.
    /// - Throws: what the coordinator says to the whole request, or that none answers.
    public func refusals(of topics: [String], within patience: Duration) throws(KafkaError) -> [String: KafkaError] {
        // What was reported before counts: the client looks for its coordinator from the beginning, and librdkafka tells the
        // same refusal once.
        let deadline = ContinuousClock.now + patience
        var slice = Duration.milliseconds(200)
        while true {
            // Any partition will do; one that is not there has no position, which is an answer.
            let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: 0) })
            let code = list.withPointer { rd_kafka_committed(handle.client, $0, slice.milliseconds) }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                let refused = list.entries.compactMap { entry in entry.error.map { (entry.partition.topic, $0) } }
                return Dictionary(refused) { first, _ in first }
            }
            serve()
            let answers = (notes.errors + [KafkaError(code)]).filter { $0.code > 0 }
            if let refusal = answers.first(where: { !$0.isRetriable }) { throw refusal }
            let now = ContinuousClock.now
            if now >= deadline { throw answers.last ?? Self.silence(notes.errors, patience) }
            slice = min(slice * 2, deadline - now)
        }
    }

    private static func silence(_ errors: [KafkaError], _ patience: Duration) -> KafkaError {
        let reason = errors.last { $0.name != "_ALL_BROKERS_DOWN" }.map { " (\($0.message))" } ?? ""
        return KafkaError(
            RD_KAFKA_RESP_ERR__TIMED_OUT,
            message: "the group's coordinator does not answer within \(patience.components.seconds) s\(reason)")
    }

    /// Errors come through the queue.
    private func serve() {
        while let message = rd_kafka_consumer_poll(handle.client, 0) {
            defer { rd_kafka_message_destroy(message) }
            let code = message.pointee.err
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
            let words = rd_kafka_message_errstr(message).map { secrets.blotted(String(cString: $0)) }
            notes.errors.append(KafkaError(code, message: words))
        }
    }
}

/// A topic as a broker shows it.
public struct KafkaTopic: Sendable, Equatable {
    public var partitions: Int
    /// Why it cannot be read, or not now.
    public var error: KafkaError?

    public init(partitions: Int, error: KafkaError? = nil) { (self.partitions, self.error) = (partitions, error) }
}

/// Why a broker tells nothing.
public struct KafkaProbeFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// No connection comes about, or nothing is said on it; may pass.
        case away
        /// Whoever took the connection does not speak Kafka, or not with this `security.protocol`.
        case otherProtocol
        /// The broker does not let this user in.
        case authentication
    }

    public var kind: Kind
    /// In librdkafka's words; holds no secret.
    public var reason: String

    public init(kind: Kind, reason: String) { (self.kind, self.reason) = (kind, reason) }

    public var description: String { reason }
}

extension KafkaProbeFailure {
    /// The most telling of what was reported.
    fileprivate init(_ errors: [KafkaError], patience: Duration) {
        let failures = errors.filter { $0.name != "_ALL_BROKERS_DOWN" }.map { (kind: Self.kind(of: $0), error: $0) }
        let ranked: [Kind] = [.authentication, .otherProtocol, .away]
        let best = ranked.lazy.compactMap { kind in failures.last { $0.kind == kind } }.first
        self.init(
            kind: best?.kind ?? .away,
            reason: best.map { Self.reason($0.error) } ?? "no answer within \(patience.components.seconds) s")
    }

    /// Nothing is gained by trying again.
    fileprivate var isFinal: Bool { kind == .authentication }

    private static func kind(of error: KafkaError) -> Kind {
        if ["_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"].contains(error.name) { return .authentication }
        // librdkafka has one code for a connection that is refused, one that breaks and one that is silent; its words
        // tell how far the connection had come.
        let words = error.message
        if words.contains("imed out") || words.contains("in state CONNECT") { return .away }
        let reached = ["SSL_HANDSHAKE", "APIVERSION_QUERY", "AUTH_"].contains { words.contains("in state \($0)") }
        return reached || ["_SSL", "_BAD_MSG"].contains(error.name) ? .otherProtocol : .away
    }

    /// Without the broker's name, which the caller knows, and what only a debugger wants or what misleads.
    private static func reason(_ error: KafkaError) -> String {
        let words = error.message.trimmingPrefix(#/[^ ]+/(bootstrap|[0-9]+): /#)
        return String(
            words.replacing(#/ \(after [0-9]+ms in state [^)]*\)|: increase receive.message.max.bytes/#, with: ""))
    }
}
