import KafkaClient
import LogKeys
import Logging
import Serving
import Threading

/// Reads messages from Kafka as a member of a consumer group. An actor on a thread of its own, because the C library
/// blocks.
public actor KafkaTextSource: TextSource {
    private let thread: DedicatedThread
    private let settings: KafkaSourceSettings
    private let logger: Logger
    private var consumer: KafkaConsumer?
    /// Errors that the client library reported outside of its calls.
    private let reports = KafkaReports(purpose: "reading")
    private let pending = PendingCommits()
    private let resets = KafkaReports.OffsetResets()
    private var listener: (any PartitionListener)?

    /// The source's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// The group of the settings.
    public nonisolated var consumerGroup: String? { settings.group }

    /// Connects with ``start(listener:)``.
    ///
    /// - Parameters:
    ///   - settings: brokers, topics, group and properties.
    ///   - logger: also receives librdkafka's log.
    public init(_ settings: KafkaSourceSettings, logger: Logger = Logger(label: "lorikeet.source")) {
        self.settings = settings
        self.logger = logger
        thread = DedicatedThread(name: "source \(settings.group)")
    }

    /// Creates the consumer and subscribes.
    ///
    /// - Throws: `.stop` if a property is invalid or belongs elsewhere.
    public func start(listener: any PartitionListener) throws(ConnectorError) {
        guard consumer == nil else { return }
        let refused = settings.refusedProperties
        guard refused.isEmpty else {
            throw ConnectorError(
                action: .stop,
                reason: "set by keys of the pipeline file, not as Kafka properties: \(refused.joined(separator: ", "))")
        }
        let (reports, pending, resets, logger) = (reports, pending, resets, logger)
        self.listener = listener
        consumer = try ConnectorError.mapping("starting") { () throws(KafkaError) in
            try KafkaConsumer(
                properties: settings.consumerProperties, topics: settings.topics, start: settings.consumerStart,
                onAssigned: { partitions in
                    if !partitions.isEmpty { reports.noteSignOfLife() }
                    listener.partitionsAssigned(partitions.map(SourcePartition.init))
                },
                onRevoked: { partitions, lost in
                    let refused = pending.remove(partitions)
                    let positions = listener.partitionsRevoked(partitions.map(SourcePartition.init), lost: lost)
                    return refused.merging(positions.map { (TopicPartition($0.key), $0.value) }) { max($0, $1) }
                },
                onError: { reports.append($0) },
                onLog: { line in
                    resets.note(line)
                    logger.log(
                        level: line.loggerLevel, "\(line.message)", metadata: [LogKey.facility: "\(line.facility)"])
                })
        }
    }

    /// Polls once.
    public func next() throws(ConnectorError) -> [SourceMessage] {
        let consumer = try running()
        let messages = try ConnectorError.mapping("reading") { () throws(KafkaError) in
            try consumer.poll(maximum: settings.maximumMessages, timeout: settings.pollTimeout)
        }
        for reset in resets.take() { listener?.offsetReset(reset) }
        if !pending.offsets.isEmpty { commitPending(to: consumer) }
        if reports.isBlocked, !messages.isEmpty || brokersAnswer(consumer) { reports.noteSignOfLife() }
        // Messages that arrived before a stop are delivered again later.
        if let failure = reports.failure { throw failure }
        return messages.map(SourceMessage.init)
    }

    /// Fetches the committed offsets as a sign of life. Without partitions there is nothing to fetch: their assignment
    /// will be the sign.
    private func brokersAnswer(_ consumer: KafkaConsumer) -> Bool {
        guard !consumer.assignment.isEmpty else { return false }
        return (try? consumer.committed(timeout: .seconds(1))) != nil
    }

    /// Pauses all partitions.
    public func pause() throws(ConnectorError) {
        let consumer = try running()
        try ConnectorError.mapping("pausing") { () throws(KafkaError) in try consumer.pause() }
    }

    /// Resumes all partitions.
    public func resume() throws(ConnectorError) {
        let consumer = try running()
        try ConnectorError.mapping("resuming") { () throws(KafkaError) in try consumer.resume() }
    }

    /// Commits offsets. A refusal because the group is rebalancing is no failure: the offsets are committed after a
    /// later poll or with newer ones, or their partitions are lost and the messages delivered again.
    public func commit(_ positions: [SourcePartition: Int64]) throws(ConnectorError) {
        if positions.isEmpty { return }
        let consumer = try running()
        let offsets = pending.merged(
            with: Dictionary(uniqueKeysWithValues: positions.map { (TopicPartition($0.key), $0.value) }))
        try commit(offsets, to: consumer)
        reports.noteSignOfLife()
    }

    private func commit(_ offsets: [TopicPartition: Int64], to consumer: KafkaConsumer) throws(ConnectorError) {
        do throws(KafkaError) {
            try consumer.commit(
                offsets, timeout: settings.commitTimeout, whenSent: { CrashPoint.inOffsetCommit.pass() })
            pending.clear()
        } catch {
            guard PendingCommits.membershipErrors.contains(error.name), !error.isFatal else {
                throw ConnectorError(error, purpose: "committing")
            }
            logger.debug("group is rebalancing, committing later", metadata: [LogKey.cause: "\(error.name)"])
            pending.keep(offsets)
        }
    }

    /// Commits what the group refused before. If that fails for another reason, the next commit will report it.
    private func commitPending(to consumer: KafkaConsumer) {
        let owned = Set(consumer.assignment)
        let offsets = pending.offsets.filter { owned.contains($0.key) }
        if !offsets.isEmpty { try? commit(offsets, to: consumer) }
    }

    /// Asks the brokers, for half a second at most.
    public func lag() -> [SourcePartition: Int64] {
        guard let consumer else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: consumer.lag(timeout: .milliseconds(500)).map { (SourcePartition($0.key), $0.value) })
    }

    /// Leaves the group.
    public func close() {
        consumer?.close(timeout: settings.leavePatience)
        consumer = nil
        listener = nil
    }

    private func running() throws(ConnectorError) -> KafkaConsumer {
        if let consumer { return consumer }
        throw ConnectorError(action: .stop, reason: "Kafka: the source is not started, or is closed")
    }
}

extension KafkaTextSource {
    /// Offsets that the coordinator refused because the group is rebalancing: this member must poll before it can
    /// commit again. Kept until then, or until their partitions are revoked. Used only on the source's thread.
    final class PendingCommits {
        private(set) var offsets: [TopicPartition: Int64] = [:]

        /// Refusals that end once this member has polled and joined the group again.
        static let membershipErrors: Set<String> = [
            "UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "_ASSIGNMENT_LOST", "_STATE",
        ]

        /// What to commit now: the newer offsets, and the refused ones of other partitions.
        func merged(with newer: [TopicPartition: Int64]) -> [TopicPartition: Int64] {
            offsets.merging(newer) { pending, newer in max(pending, newer) }
        }

        func keep(_ refused: [TopicPartition: Int64]) { offsets = refused }

        func clear() { offsets = [:] }

        /// Removes revoked partitions and returns their offsets for a last commit.
        func remove(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
            var removed: [TopicPartition: Int64] = [:]
            for partition in partitions { removed[partition] = offsets.removeValue(forKey: partition) }
            return removed
        }
    }
}
