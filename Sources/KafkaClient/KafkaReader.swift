import CRdKafka
import Threading

/// Reads partitions from given offsets on, outside of their group: it joins none, commits nothing, and asks no
/// coordinator for offsets.
///
/// Not `Sendable`: one thread at a time makes it, uses it and closes it.
public final class KafkaReader {
    /// A place in a partition that the brokers know as an offset.
    public enum Place: Sendable, Equatable {
        /// The first record that there still is.
        case beginning
        /// Behind the last record that a consumer may read: with `isolation.level` `read_committed`, before the first
        /// open transaction.
        case end
        /// The first record with this timestamp or a later one, in milliseconds since 1970.
        case time(Int64)
    }

    /// What one poll returned.
    public struct Reading: Sendable {
        /// In order per partition.
        public var messages: [KafkaMessage] = []
        /// Partitions that were read to their end for now, with the offset of the next record. Behind it there is
        /// nothing but what was deleted, compacted or aborted.
        public var ends: [TopicPartition: Int64] = [:]
        /// Partitions that do not have the offset that was to be read next. Nothing more of them is read until they
        /// are assigned again.
        public var outOfRange: Set<TopicPartition> = []
    }

    private var handle: KafkaHandle?
    private let callbacks: KafkaCallbacks

    /// What cannot be as the caller's properties have it.
    private static let own = ["enable.partition.eof": "true", "allow.auto.create.topics": "false"]

    /// Connects when first used.
    ///
    /// - Parameters:
    ///   - properties: those of the group's members. The name of the group is used for nothing.
    ///   - onError: errors that do not end the reader, within its calls.
    ///   - onLog: librdkafka's log, from its own threads.
    /// - Throws: if a property is invalid.
    public init(
        properties: [String: String], onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }
    ) throws(KafkaError) {
        // A reader has no topics before it is assigned partitions.
        var settings = try ConsumerSettings.checked(properties, topics: ["any"]).merging(Self.own) { _, own in own }
        settings["group.instance.id"] = nil
        callbacks = KafkaCallbacks(secrets: KafkaSecrets(properties: properties), onError: onError, onLog: onLog)
        let handle = try KafkaHandle(RD_KAFKA_CONSUMER, properties: settings, callbacks: callbacks) { configuration in
            // Whoever reads a part of a topic must learn that some of it is gone. A consumer may not have this value.
            rd_kafka_conf_set(configuration, "auto.offset.reset", "error", nil, 0)
        }
        self.handle = handle
        try KafkaError.check(rd_kafka_poll_set_consumer(handle.client))
    }

    deinit { close() }

    // MARK: - Offsets

    /// The offsets of a place, asked of the brokers.
    ///
    /// - Returns: without partitions in which no record is as young as a time.
    public func offsets(
        of partitions: [TopicPartition], at place: Place, timeout: Duration = .seconds(10)
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard let client = handle?.client else { throw .closed }
        let offsets = try PartitionList.offsets(of: partitions, at: place, client: client, timeout: timeout)
        callbacks.connectionWorks()
        return offsets
    }

    // MARK: - Reading

    /// Reads these partitions from now on, from these offsets, and no others.
    public func assign(_ positions: [TopicPartition: Int64]) throws(KafkaError) {
        guard let client = handle?.client else { throw .closed }
        try KafkaError.check(PartitionList(positions).withPointer { rd_kafka_assign(client, $0) })
    }

    /// Available messages, at most `maximum` of them and about `maximumBytes` of keys and payloads. Waits up to
    /// `timeout` for the first and never for more.
    ///
    /// - Throws: only fatal errors; others go to `onError`.
    public func poll(maximum: Int, timeout: Duration, maximumBytes: Int = 64 << 20) throws(KafkaError) -> Reading {
        guard let client = handle?.client else { throw .closed }
        let deadline = ContinuousClock.now + timeout
        var wait = timeout.milliseconds
        var reading = Reading()
        var bytes = 0
        var names = KafkaMessage.TopicNames()
        while reading.messages.count < maximum, bytes < maximumBytes {
            guard let message = rd_kafka_consumer_poll(client, wait) else { break }
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                let read = KafkaMessage(message, topic: names.name(of: message.pointee.rkt))
                bytes += (read.payload?.count ?? 0) + (read.key?.count ?? 0)
                callbacks.partitionWorks(read.topicPartition)
                reading.messages.append(read)
            } else {
                note(message, in: &reading)
            }
            let isEmpty = reading.messages.isEmpty && reading.ends.isEmpty && reading.outOfRange.isEmpty
            wait = isEmpty ? (deadline - ContinuousClock.now).milliseconds : 0
        }
        if let error = callbacks.fatalError { throw error }
        return reading
    }

    private func note(_ message: UnsafeMutablePointer<rd_kafka_message_t>, in reading: inout Reading) {
        let partition = message.pointee.rkt.map {
            TopicPartition(topic: String(cString: rd_kafka_topic_name($0)), partition: message.pointee.partition)
        }
        switch (message.pointee.err, partition) {
        case (RD_KAFKA_RESP_ERR__PARTITION_EOF, let partition?):
            callbacks.partitionWorks(partition)
            reading.ends[partition] = message.pointee.offset
        case (RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, let partition?): reading.outOfRange.insert(partition)
        default:
            let text = rd_kafka_message_errstr(message).map { callbacks.secrets.redacted(String(cString: $0)) }
            callbacks.report(KafkaError(message.pointee.err, message: text, topicPartition: partition))
        }
    }

    // MARK: - Back-pressure

    /// Stops fetching from assigned partitions.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        guard let client = handle?.client else { throw .closed }
        if partitions.isEmpty { return }
        try KafkaError.check(PartitionList(partitions).withPointer { rd_kafka_pause_partitions(client, $0) })
    }

    /// Fetches again, from the message after the last one that `poll` returned.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        guard let client = handle?.client else { throw .closed }
        if partitions.isEmpty { return }
        try KafkaError.check(PartitionList(partitions).withPointer { rd_kafka_resume_partitions(client, $0) })
    }

    /// Frees the client. Calling it again does nothing.
    public func close() {
        guard let handle else { return }
        rd_kafka_assign(handle.client, nil)
        self.handle = nil
    }
}
