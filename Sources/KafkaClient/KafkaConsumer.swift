import CRdKafka
import Threading

/// A member of a consumer group.
///
/// Offsets are committed only by `commit` and by what `onRevoked` returns, never by a timer. Not `Sendable`: one thread
/// at a time makes it, uses it and closes it. Call `poll` more often than `max.poll.interval.ms` (5 minutes), even
/// while paused, or the group removes this member.
public final class KafkaConsumer {
    private var handle: KafkaHandle?
    private let callbacks: ConsumerCallbacks
    private var commitQueue: CommitQueue?
    private let resetsToEarliest: Bool

    /// Joins the group `group.id` and subscribes to `topics`.
    ///
    /// - Parameters:
    ///   - properties: librdkafka's configuration, with `bootstrap.servers` and `group.id` at least. Our defaults:
    ///     `auto.offset.reset` is `earliest`, metadata is refreshed every 10 seconds. `enable.auto.commit`,
    ///     `enable.auto.offset.store` and `enable.partition.eof` are always off. Assignment is eager unless
    ///     `partition.assignment.strategy` is `cooperative-sticky`.
    ///   - topics: names, or regular expressions that begin with `^`. They need not exist yet.
    ///   - start: where a group begins in partitions of which it has committed no offset.
    ///   - onAssigned: partitions that this member reads from now on, in addition to those before.
    ///   - onRevoked: partitions that this member gives up. The offsets returned (of the next message to read) are
    ///     committed first, unless the partitions are `lost`: another member may own them already. A failed commit goes
    ///     to `onError`.
    ///   - onError: errors that do not end the consumer. The same error is reported again only after it had passed.
    ///   - onLog: librdkafka's log, from its own threads.
    ///
    /// All closures except `onLog` are called within `poll`, `commit` or `close`, on the calling thread.
    ///
    /// - Throws: if a property or topic is invalid, or librdkafka refuses the configuration.
    public init(
        properties: [String: String], topics: [String], start: ConsumerStart = .byDefault,
        onAssigned: @escaping ([TopicPartition]) -> Void,
        onRevoked: @escaping (_ partitions: [TopicPartition], _ lost: Bool) -> [TopicPartition: Int64],
        onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }
    ) throws(KafkaError) {
        let settings = try ConsumerSettings.checked(properties, topics: topics)
        let callbacks = ConsumerCallbacks(
            secrets: KafkaSecrets(properties: properties), onAssigned: onAssigned, onRevoked: onRevoked,
            onError: onError, onLog: onLog)
        callbacks.startPositions = StartPositions(start)
        callbacks.abortsUnassigned = ConsumerSettings.abortsUnassigned(settings)
        let handle = try KafkaHandle(RD_KAFKA_CONSUMER, properties: settings, callbacks: callbacks) { configuration in
            rd_kafka_conf_set_rebalance_cb(configuration) { client, code, partitions, opaque in
                guard let client, let partitions else { return }
                KafkaHandle.callbacks(opaque)?.rebalance(client, code, partitions)
            }
        }
        let commitQueue = CommitQueue(handle.client)
        // Unowned: the queue dies in `close`, after the last rebalance.
        callbacks.commit = { [unowned commitQueue] in commitQueue.commit($0, timeout: $1) }
        self.handle = handle
        self.callbacks = callbacks
        self.commitQueue = commitQueue
        resetsToEarliest = ConsumerSettings.resetsToEarliest(settings)
        // Errors come through `poll` too.
        try KafkaError.check(rd_kafka_poll_set_consumer(handle.client))
        try KafkaError.check(PartitionList(topics: topics).withPointer { rd_kafka_subscribe(handle.client, $0) })
    }

    deinit {
        callbacks.isSilent = true
        close()
    }

    /// The partitions that this member reads now, in order.
    public var assignment: [TopicPartition] { callbacks.assignment.sorted() }

    // MARK: - Reading

    /// Available messages, at most `maximum` of them and about `maximumBytes` of keys and payloads. Waits up to
    /// `timeout` for the first and never for more; empty if none came. Also serves rebalances and errors.
    ///
    /// - Throws: only fatal errors; others go to `onError`.
    public func poll(maximum: Int, timeout: Duration, maximumBytes: Int = 64 << 20) throws(KafkaError) -> [KafkaMessage]
    {
        guard let client = handle?.client else { throw .closed }
        let deadline = ContinuousClock.now + timeout
        var wait = timeout.milliseconds
        var bytes = 0
        var names = KafkaMessage.TopicNames()
        while callbacks.gathered.count < maximum, bytes < maximumBytes {
            // One at a time, not `rd_kafka_consume_batch_queue`: that waits until the batch is full and returns
            // messages of partitions that were revoked meanwhile.
            guard let message = rd_kafka_consumer_poll(client, wait) else { break }
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                let read = KafkaMessage(message, topic: names.name(of: message.pointee.rkt))
                bytes += (read.payload?.count ?? 0) + (read.key?.count ?? 0)
                callbacks.partitionWorks(read.topicPartition)
                callbacks.gathered.append(read)
                wait = 0
            } else {
                report(message, of: client)
                wait = callbacks.gathered.isEmpty ? (deadline - ContinuousClock.now).milliseconds : 0
            }
        }
        let gathered = callbacks.gathered
        callbacks.gathered = []
        callbacks.noteRead(gathered)
        callbacks.fetchCommittedOffsetsAgain(client)
        callbacks.commitStartAgain()
        if let error = callbacks.fatalError { throw error }
        return gathered
    }

    private func report(_ message: UnsafeMutablePointer<rd_kafka_message_t>, of client: OpaquePointer) {
        let code = message.pointee.err
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF { return }
        // Of a fatal error, the message has only that it is one.
        if code == RD_KAFKA_RESP_ERR__FATAL { return callbacks.clientError(client, code, nil) }
        callbacks.noteConsumerError(code)
        let partition = message.pointee.rkt.map {
            TopicPartition(topic: String(cString: rd_kafka_topic_name($0)), partition: message.pointee.partition)
        }
        let text = rd_kafka_message_errstr(message).map { callbacks.secrets.redacted(String(cString: $0)) }
        callbacks.report(KafkaError(code, message: text, topicPartition: partition))
    }

    // MARK: - Positions

    /// Commits offsets and waits for the coordinator's answer. The offset to commit is that of the next message to
    /// read.
    ///
    /// - Parameter whenSent: called between the request and the wait for its answer.
    public func commit(
        _ offsets: [TopicPartition: Int64], timeout: Duration = .seconds(10), whenSent: () -> Void = {}
    ) throws(KafkaError) {
        guard let commitQueue else { throw .closed }
        if offsets.isEmpty { return }
        let completed = callbacks.startPositions.completed(offsets, of: callbacks.assignment)
        if let error = commitQueue.commit(completed, timeout: timeout, whenSent: whenSent) { throw error }
        callbacks.startPositions.noteCommitted(completed)
        callbacks.connectionWorks()
    }

    /// The group's committed offsets of the assigned partitions. A partition without one is left out.
    ///
    /// - Parameter partitions: nil: the assigned ones. Others can be asked for without being a member yet.
    public func committed(
        _ partitions: [TopicPartition]? = nil, timeout: Duration = .seconds(10)
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard let client = handle?.client else { throw .closed }
        let asked = partitions ?? assignment
        if asked.isEmpty { return [:] }
        return try PartitionList.committed(asked, client: client, timeout: timeout).offsets
    }

    /// Messages of each assigned partition that `poll` has not returned yet. Asks the brokers. If they do not answer in
    /// time, the last fetch counts; a partition of which nothing is known is left out.
    public func lag(timeout: Duration = .seconds(1)) -> [TopicPartition: Int64] {
        guard let client = handle?.client else { return [:] }
        return ConsumerLag(
            client: client, assignment: callbacks.assignment, resetsToEarliest: resetsToEarliest, timeout: timeout
        ).measured()
    }

    // MARK: - Back-pressure

    /// Whether the consumer is paused, including partitions that are assigned meanwhile.
    public var isPaused: Bool { callbacks.isPaused }

    /// Stops fetching from every partition, also from those assigned later, without leaving the group. Keep polling.
    public func pause() throws(KafkaError) {
        guard let client = handle?.client else { throw .closed }
        callbacks.isPaused = true
        if callbacks.assignment.isEmpty { return }
        try KafkaError.check(PartitionList(callbacks.assignment).withPointer { rd_kafka_pause_partitions(client, $0) })
    }

    /// Fetches again, from the message after the last one that `poll` returned.
    public func resume() throws(KafkaError) {
        guard let client = handle?.client else { throw .closed }
        callbacks.isPaused = false
        if callbacks.assignment.isEmpty { return }
        try KafkaError.check(PartitionList(callbacks.assignment).withPointer { rd_kafka_resume_partitions(client, $0) })
    }

    // MARK: - Leaving

    /// Gives up all partitions (through `onRevoked`, with its commit), leaves the group so that other members take over
    /// at once, and frees the client. If no broker answers within `timeout`, the group notices only at the session
    /// timeout. Calling it again does nothing.
    public func close(timeout: Duration = .seconds(20)) {
        guard let handle else { return }
        leaveGroup(handle.client, deadline: ContinuousClock.now + timeout)
        callbacks.noteLeft()
        if callbacks.abortsUnassigned || callbacks.lastAnswer?.isPending == true {
            // It is never destroyed.
            rd_kafka_set_log_level(handle.client, 0)
            _ = Unmanaged.passRetained(handle)
        }
        callbacks.commit = nil
        commitQueue = nil
        self.handle = nil
    }

    private func leaveGroup(_ client: OpaquePointer, deadline: ContinuousClock.Instant) {
        // `rd_kafka_consumer_close` would wait without end.
        guard let queue = rd_kafka_queue_new(client) else { return }
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(client, queue) {
            callbacks.report(KafkaError(consuming: error))
            return
        }
        while ContinuousClock.now < deadline {
            let hasLeft = rd_kafka_consumer_closed(client) != 0
            if hasLeft, callbacks.lastAnswer?.isPending != true { return }
            // As events, because `rd_kafka_queue_poll_callback` aborts the process on a leftover message. Closing wakes
            // this too; the bound of 200 ms only guards against a lost wake-up.
            let wait = min((deadline - ContinuousClock.now).milliseconds, hasLeft ? 5 : 200)
            guard let event = rd_kafka_queue_poll(queue, wait) else { continue }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE,
                let partitions = rd_kafka_event_topic_partition_list(event)
            {
                callbacks.leave(client, rd_kafka_event_error(event), partitions, deadline: deadline)
            }
            rd_kafka_event_destroy(event)
        }
    }
}
