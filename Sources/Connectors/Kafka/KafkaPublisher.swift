import KafkaClient
import LogKeys
import Logging
import Serving
import Threading

/// Publishes records with an idempotent producer, which keeps their order through retries. An actor on a thread of its
/// own, because the C library blocks.
public actor KafkaPublisher: RecordPublisher {
    /// Results that no one has asked for yet. Used only on the publisher's thread.
    private final class Results {
        var waiting: [(id: Int64, result: PublicationResult)] = []
    }

    private let thread: DedicatedThread
    private let settings: KafkaPublisherSettings
    private let logger: Logger
    private var producer: KafkaProducer?
    private var results = Results()
    private var reports = KafkaPublisher.makeReports()
    /// Partitions by topic.
    private var partitions: [String: Int] = [:]

    /// How long a broker has to say how many partitions a topic has.
    private static let metadataTimeout = Duration.seconds(3)
    private static let pollTimeout = Duration.milliseconds(100)
    private static let missingTopic: Set<String> = ["UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"]

    /// The publisher's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects with the first records.
    ///
    /// - Parameters:
    ///   - settings: brokers, topics and properties.
    ///   - logger: receives librdkafka's log.
    public init(_ settings: KafkaPublisherSettings, logger: Logger = Logger(label: "lorikeet.publisher")) {
        self.settings = settings
        self.logger = logger
        thread = DedicatedThread(name: "publisher")
    }

    // MARK: - Sending

    /// As ``RecordPublisher/publish(_:)``.
    public func publish(_ records: [OutboxRecord]) throws(ConnectorError) {
        let producer = try running()
        do throws(KafkaError) { try producer.poll(timeout: .zero) } catch { throw failure(error) }
        var blocked: [OutboxKind: ConnectorError] = [:]
        for kind in OutboxKind.allCases where records.contains(where: { $0.kind == kind }) {
            blocked[kind] = try obstacle(to: kind, on: producer)
        }
        for record in records {
            if let obstacle = blocked[record.kind] {
                results.waiting.append((record.id, .blocked(obstacle)))
                continue
            }
            guard let message = record.message, let topic = settings.topics[record.kind] else { continue }
            do throws(KafkaError) {
                try producer.produce(
                    topic: topic, partition: partition(of: record, key: message.key, topic: topic), key: message.key,
                    payload: message.payload,
                    headers: message.headers.map { KafkaHeader(name: $0.name, value: $0.value) },
                    tag: Int(record.id))
            } catch {
                // Here the client library itself refuses a record, so no other can be at fault.
                guard FailureTable.action(for: error) == .reject else { throw failure(error) }
                results.waiting.append((record.id, .refused(failure(error), isCertain: true)))
            }
        }
    }

    /// The partition that the source's partition stands for; nil: the key chooses.
    private func partition(of record: OutboxRecord, key: [UInt8]?, topic: String) -> Int32? {
        guard key == nil || settings.key == .origin && record.kind == .labels, let count = partitions[topic] else {
            return nil
        }
        // FNV-1a: `Hasher` differs from process to process.
        let hash = record.origin.topic.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return Int32((UInt64(hash) + UInt64(UInt32(bitPattern: record.origin.partition))) % UInt64(max(1, count)))
    }

    /// Asks for a topic before anything is sent to it, and again after an error that leaves nothing to send to.
    ///
    /// - Returns: why nothing can be sent to it, by the word of a broker; nil: nothing is in the way.
    /// - Throws: if no broker answers.
    private func obstacle(
        to kind: OutboxKind, on producer: KafkaProducer
    ) throws(ConnectorError) -> ConnectorError? {
        guard let topic = settings.topics[kind] else {
            throw ConnectorError(
                action: .retry,
                reason: "the outbox has records of kind \(kind.rawValue), and the pipeline file names "
                    + "no topic for them", cause: "no-topic")
        }
        if partitions[topic] != nil, !reports.isBlocked { return nil }
        do throws(KafkaError) {
            partitions[topic] = try producer.partitionCount(of: topic, timeout: Self.metadataTimeout)
            reports.noteSignOfLife()
            return nil
        } catch {
            if Self.isOfTopic(error) {
                reports.noteSignOfLife()
                return failure(error)
            }
            try? producer.poll(timeout: .zero)
            // Why the broker does not answer says more than that it does not.
            if let known = reports.failure { throw known }
            throw failure(error)
        }
    }

    // MARK: - Results

    /// As ``RecordPublisher/report()``.
    public func report() throws(ConnectorError) -> PublisherReport {
        let producer = try running()
        do throws(KafkaError) {
            try producer.poll(timeout: results.waiting.isEmpty ? Self.pollTimeout : .zero)
        } catch {
            throw failure(error)
        }
        defer { results.waiting = [] }
        if results.waiting.contains(where: { $0.result == .acknowledged }) { reports.noteSignOfLife() }
        return PublisherReport(results: results.waiting, obstacle: reports.failure)
    }

    /// As ``RecordPublisher/abandon()``.
    public func abandon() {
        producer = nil
        partitions = [:]
    }

    // MARK: - The producer

    private func running() throws(ConnectorError) -> KafkaProducer {
        if let producer { return producer }
        // Of its own, so that nothing of an earlier producer reaches this one.
        let (results, reports, logger, topics) = (Results(), Self.makeReports(), logger, settings.topics)
        do throws(KafkaError) {
            let producer = try KafkaProducer(
                durable: settings.producerProperties,
                onDelivery: { tag, error in
                    results.waiting.append((Int64(tag), Self.result(error, topics: topics)))
                },
                onError: { reports.append($0) },
                onLog: { line in
                    logger.log(
                        level: line.loggerLevel, "\(line.message)", metadata: [LogKey.facility: "\(line.facility)"])
                })
            (self.producer, self.results, self.reports) = (producer, results, reports)
            return producer
        } catch {
            throw failure(error)
        }
    }

    private static func result(_ error: KafkaError?, topics: [OutboxKind: String]) -> PublicationResult {
        guard let error else { return .acknowledged }
        let failure = Self.failure(error, topics: topics)
        if failure.action == .reject { return .refused(failure, isCertain: false) }
        return isOfTopic(error) ? .blocked(failure) : .failed(failure)
    }

    /// Whether a broker has answered: the error is of the topic, not of the connection.
    private static func isOfTopic(_ error: KafkaError) -> Bool {
        !error.isFatal && (error.code > 0 || missingTopic.contains(error.name))
    }

    private func failure(_ error: KafkaError) -> ConnectorError { Self.failure(error, topics: settings.topics) }

    /// A topic that does not exist, in words.
    private static func failure(_ error: KafkaError, topics: [OutboxKind: String]) -> ConnectorError {
        guard missingTopic.contains(error.name) else { return ConnectorError(error, purpose: "publishing") }
        let names = error.topicPartition.map { [$0.topic] } ?? topics.values.sorted()
        return ConnectorError(
            action: .retry,
            reason: "Kafka \(error.name): the topic \(names.joined(separator: " or ")) does not exist: create it",
            cause: error.name)
    }

    private static func makeReports() -> KafkaReports { KafkaReports(purpose: "publishing") }
}
