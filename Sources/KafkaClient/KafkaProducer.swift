import CRdKafka
import Threading

/// Writes messages to topics. Not `Sendable`: one thread at a time. Messages that are not flushed before it is released
/// are lost.
public final class KafkaProducer {
    private let handle: KafkaHandle
    private let callbacks: Callbacks

    /// - Parameters:
    ///   - properties: librdkafka's configuration, with `bootstrap.servers` at least.
    ///   - onDelivery: what became of a message that was produced with a tag: nil if a broker has acknowledged it.
    ///     Called within `produce`, `poll` and `flush`.
    ///   - onError: errors that do not end the producer, once per change of state, within the same.
    ///   - onLog: librdkafka's log, from its own threads.
    public init(
        properties: [String: String], onDelivery: @escaping (_ tag: Int, KafkaError?) -> Void = { _, _ in },
        onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }
    ) throws(KafkaError) {
        callbacks = Callbacks(
            secrets: KafkaSecrets(properties: properties), onDelivery: onDelivery, onError: onError, onLog: onLog)
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, properties: properties, callbacks: callbacks) { configuration in
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message else { return }
                KafkaHandle.callbacks(opaque)?.delivered(message.pointee)
            }
        }
    }

    /// A producer that neither loses nor reorders messages: idempotent, and without a time limit.
    ///
    /// - Parameters: as those of ``init(properties:onDelivery:onError:onLog:)``.
    public convenience init(
        durable properties: [String: String], onDelivery: @escaping (_ tag: Int, KafkaError?) -> Void,
        onError: @escaping (KafkaError) -> Void, onLog: @escaping @Sendable (KafkaLogLine) -> Void
    ) throws(KafkaError) {
        try self.init(
            properties: try ProducerSettings.checked(properties), onDelivery: onDelivery, onError: onError,
            onLog: onLog)
    }

    /// Messages that a broker has acknowledged.
    public var deliveredCount: Int { callbacks.deliveredCount }
    /// Messages that were given up.
    public var failedCount: Int { callbacks.failedCount }

    /// Appends a message to the local queue. Waits up to `timeout` while the queue is full.
    ///
    /// - Parameters:
    ///   - partition: `nil`: by the key's hash, or random without a key.
    ///   - timestamp: milliseconds since 1970; `nil` is now.
    ///   - tag: a number other than 0, for `onDelivery`; 0: it is not told.
    public func produce(
        topic: String, partition: Int32? = nil, key: [UInt8]? = nil, payload: [UInt8]?,
        headers: [KafkaHeader] = [], timestamp: Int64? = nil, tag: Int = 0, timeout: Duration = .seconds(30)
    ) throws(KafkaError) {
        let deadline = ContinuousClock.now + timeout
        rd_kafka_poll(handle.client, 0)
        while true {
            let code = enqueue(topic, partition ?? RD_KAFKA_PARTITION_UA, key, payload, headers, timestamp ?? 0, tag)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
            if let error = callbacks.fatalError { throw error }
            guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL, ContinuousClock.now < deadline else {
                throw KafkaError(code, topicPartition: TopicPartition(topic: topic, partition: partition ?? -1))
            }
            // Returns with the first delivery report, which makes room.
            rd_kafka_poll(handle.client, min(100, (deadline - ContinuousClock.now).milliseconds))
        }
    }

    /// Serves delivery reports and errors. Waits up to `timeout` for the first.
    ///
    /// - Throws: only fatal errors.
    public func poll(timeout: Duration) throws(KafkaError) {
        rd_kafka_poll(handle.client, timeout.milliseconds)
        if let error = callbacks.fatalError { throw error }
    }

    /// The number of partitions of a topic. A broker that creates topics by itself may create this one.
    ///
    /// - Throws: that the topic does not exist or may not be read, or that no broker answers in time.
    public func partitionCount(of topic: String, timeout: Duration) throws(KafkaError) -> Int {
        let place = TopicPartition(topic: topic, partition: -1)
        guard let object = rd_kafka_topic_new(handle.client, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), topicPartition: place)
        }
        defer { rd_kafka_topic_destroy(object) }
        var metadata: UnsafePointer<rd_kafka_metadata_t>?
        let code = rd_kafka_metadata(handle.client, 0, object, &metadata, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(code) }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0 else {
            throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topicPartition: place)
        }
        let found = metadata.pointee.topics[0]
        if found.err != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(found.err, topicPartition: place) }
        callbacks.connectionWorks()
        return Int(found.partition_cnt)
    }

    /// Waits until a broker has acknowledged every message.
    ///
    /// - Throws: the error of the first message that was given up since the last flush, with their number; or
    ///   `_TIMED_OUT` if some are not acknowledged yet.
    public func flush(timeout: Duration) throws(KafkaError) {
        let code = rd_kafka_flush(handle.client, timeout.milliseconds)
        if let error = callbacks.takeFailure() { throw error }
        if let error = callbacks.fatalError { throw error }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaError(code, message: "\(rd_kafka_outq_len(handle.client)) messages are not acknowledged yet")
        }
    }

    private func enqueue(
        _ topic: String, _ partition: Int32, _ key: [UInt8]?, _ payload: [UInt8]?, _ headers: [KafkaHeader],
        _ timestamp: Int64, _ tag: Int
    ) -> rd_kafka_resp_err_t {
        let list = Self.headerList(headers)
        let code = Self.withBytes(payload) { payload, payloadCount in
            Self.withBytes(key) { key, keyCount in
                lorikeet_produce(
                    handle.client, topic, partition, UnsafeMutableRawPointer(mutating: payload), payloadCount, key,
                    keyCount, list, timestamp, UnsafeMutableRawPointer(bitPattern: tag))
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let list { rd_kafka_headers_destroy(list) }
        return code
    }

    private static func headerList(_ headers: [KafkaHeader]) -> OpaquePointer? {
        if headers.isEmpty { return nil }
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            withBytes(header.value) { value, count in
                _ = rd_kafka_header_add(list, header.name, -1, value, count)
            }
        }
        return list
    }

    /// A null pointer only for `nil`: librdkafka tells null from empty by the pointer, and an empty array may have
    /// none.
    private static func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Result) -> Result {
        guard let bytes else { return body(nil, 0) }
        if bytes.isEmpty { return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) } }
        return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
    }
}

extension KafkaProducer {
    /// Counts delivery reports.
    final class Callbacks: KafkaCallbacks {
        private(set) var deliveredCount = 0
        private(set) var failedCount = 0
        private var failure: (first: KafkaError, count: Int)?
        private let onDelivery: (Int, KafkaError?) -> Void

        init(
            secrets: KafkaSecrets, onDelivery: @escaping (Int, KafkaError?) -> Void,
            onError: @escaping (KafkaError) -> Void, onLog: @escaping @Sendable (KafkaLogLine) -> Void
        ) {
            self.onDelivery = onDelivery
            super.init(secrets: secrets, onError: onError, onLog: onLog)
        }

        override func delivered(_ message: rd_kafka_message_t) {
            let topic = message.rkt.map {
                TopicPartition(topic: String(cString: rd_kafka_topic_name($0)), partition: message.partition)
            }
            count(message.err, topic)
            let tag = Int(bitPattern: message._private)
            guard tag != 0 else { return }
            onDelivery(
                tag, message.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(message.err, topicPartition: topic))
        }

        private func count(_ code: rd_kafka_resp_err_t, _ topic: TopicPartition?) {
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                deliveredCount += 1
                connectionWorks()
                return
            }
            failedCount += 1
            if let failure {
                self.failure = (failure.first, failure.count + 1)
            } else {
                failure = (KafkaError(code, topicPartition: topic), 1)
            }
        }

        func takeFailure() -> KafkaError? {
            guard let (first, count) = failure else { return nil }
            failure = nil
            var error = first
            error.message = "\(count) messages were not delivered; the first: \(first.message)"
            return error
        }
    }
}
