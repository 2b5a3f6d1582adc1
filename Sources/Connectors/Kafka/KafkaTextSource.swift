import KafkaClient
import Logging
import Serving
import Threading

/// Reads texts from Kafka as a member of a consumer group: an actor on a thread of its own, because the C library
/// blocks.
public actor KafkaTextSource: TextSource {
    private let thread: DedicatedThread
    private let settings: KafkaSourceSettings
    private let logger: Logger
    private var consumer: KafkaConsumer?
    /// What the client library reported since it was asked last.
    private let reports = KafkaReports()
    private let pending = PendingCommits()
    private let resets = OffsetResets()
    private var listener: (any PartitionListener)?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public nonisolated var consumerGroup: String? { settings.group }

    public init(_ settings: KafkaSourceSettings, logger: Logger = Logger(label: "lorikeet.source")) {
        self.settings = settings
        self.logger = logger
        thread = DedicatedThread(name: "source \(settings.group)")
    }

    public func start(listener: any PartitionListener) throws(ConnectorError) {
        guard consumer == nil else { return }
        let refused = settings.refusedProperties
        guard refused.isEmpty else {
            throw ConnectorError(
                action: .stop,
                reason: "Kafka properties that have keys of their own: \(refused.joined(separator: ", "))")
        }
        let (reports, pending, resets, logger) = (reports, pending, resets, logger)
        self.listener = listener
        consumer = try mapped("starting") { () throws(KafkaError) in
            try KafkaConsumer(
                properties: settings.consumerProperties, topics: settings.topics,
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
                    logger.log(level: line.loggerLevel, "\(line.message)", metadata: ["facility": "\(line.facility)"])
                })
        }
    }

    public func next() throws(ConnectorError) -> [SourceMessage] {
        let consumer = try running()
        let messages = try mapped("reading") { () throws(KafkaError) in
            try consumer.poll(maximum: settings.maximumMessages, timeout: settings.pollTimeout)
        }
        for reset in resets.take() { listener?.offsetReset(reset) }
        if !pending.positions.isEmpty { commitPending(to: consumer) }
        if reports.isAway, !messages.isEmpty || brokersAnswer(consumer) { reports.noteSignOfLife() }
        // Messages that came before a stop are delivered again after it.
        if let failure = reports.failure { throw failure }
        return messages.map(SourceMessage.init)
    }

    /// Asks for the committed positions; without partitions there is nothing to ask, and their assignment will be the
    /// sign.
    private func brokersAnswer(_ consumer: KafkaConsumer) -> Bool {
        guard !consumer.assignment.isEmpty else { return false }
        return (try? consumer.committed(timeout: .seconds(1))) != nil
    }

    public func pause() throws(ConnectorError) {
        let consumer = try running()
        try mapped("pausing") { () throws(KafkaError) in try consumer.pause() }
    }

    public func resume() throws(ConnectorError) {
        let consumer = try running()
        try mapped("resuming") { () throws(KafkaError) in try consumer.resume() }
    }

    /// A refusal because the group is being rearranged is no failure: the positions are committed after a later poll,
    /// or with newer ones, or their partitions are lost and the messages delivered again.
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
            try consumer.commit(offsets, whenSent: { CrashPoint.inOffsetCommit.pass() })
            pending.clear()
        } catch {
            guard PendingCommits.membershipErrors.contains(error.name), !error.isFatal else {
                throw ConnectorError(error, purpose: "committing")
            }
            logger.debug("the group is rebalancing, committing later", metadata: ["error": "\(error.name)"])
            pending.keep(offsets)
        }
    }

    /// Another attempt at what was refused; if it fails otherwise, the next commit will say so.
    private func commitPending(to consumer: KafkaConsumer) {
        let owned = Set(consumer.assignment)
        let offsets = pending.positions.filter { owned.contains($0.key) }
        if !offsets.isEmpty { try? commit(offsets, to: consumer) }
    }

    public func lag() -> [SourcePartition: Int64] {
        guard let consumer else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: consumer.lag(timeout: .milliseconds(500)).map { (SourcePartition($0.key), $0.value) })
    }

    public func close() {
        consumer?.close()
        consumer = nil
    }

    private func running() throws(ConnectorError) -> KafkaConsumer {
        if let consumer { return consumer }
        throw ConnectorError(action: .stop, reason: "Kafka: the source was not started, or is closed")
    }

    private func mapped<Value>(_ purpose: String, _ body: () throws(KafkaError) -> Value) throws(ConnectorError)
        -> Value
    {
        do {
            return try body()
        } catch {
            throw ConnectorError(error, purpose: purpose)
        }
    }
}
