import CRdKafka
import Threading

/// Writes messages to topics. Not `Sendable`: one thread at a time. Messages that are not flushed before it is released
/// are lost.
public final class KafkaProducer {
    private let handle: KafkaHandle
    private let callbacks: Callbacks

    /// - Parameters:
    ///   - properties: librdkafka's configuration, with `bootstrap.servers` at least.
    ///   - onError: errors that do not end the producer, once per change of state, within `produce` and `flush`.
    ///   - onLog: librdkafka's log, from its own threads.
    public init(
        properties: [String: String], onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }
    ) throws(KafkaError) {
        callbacks = Callbacks(
            secrets: KafkaSecrets(properties: properties), onError: onError, onLog: onLog)
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, properties: properties, callbacks: callbacks) { configuration in
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message else { return }
                KafkaHandle.callbacks(opaque)?.delivered(message.pointee)
            }
        }
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
    public func produce(
        topic: String, partition: Int32? = nil, key: [UInt8]? = nil, payload: [UInt8]?,
        headers: [KafkaHeader] = [], timestamp: Int64? = nil, timeout: Duration = .seconds(30)
    ) throws(KafkaError) {
        let deadline = ContinuousClock.now + timeout
        rd_kafka_poll(handle.client, 0)
        while true {
            let code = enqueue(topic, partition ?? RD_KAFKA_PARTITION_UA, key, payload, headers, timestamp ?? 0)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
            if let error = callbacks.fatalError { throw error }
            guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL, ContinuousClock.now < deadline else {
                throw KafkaError(code, topicPartition: TopicPartition(topic: topic, partition: partition ?? -1))
            }
            // Returns with the first delivery report, which makes room.
            rd_kafka_poll(handle.client, min(100, (deadline - ContinuousClock.now).milliseconds))
        }
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
        _ timestamp: Int64
    ) -> rd_kafka_resp_err_t {
        let list = Self.headerList(headers)
        let code = Self.withBytes(payload) { payload, payloadCount in
            Self.withBytes(key) { key, keyCount in
                lorikeet_produce(
                    handle.client, topic, partition, UnsafeMutableRawPointer(mutating: payload), payloadCount, key,
                    keyCount,
                    list, timestamp)
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

        override func delivered(_ message: rd_kafka_message_t) {
            if message.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                deliveredCount += 1
                connectionWorks()
                return
            }
            failedCount += 1
            if let failure {
                self.failure = (failure.first, failure.count + 1)
            } else {
                let topic = message.rkt.map {
                    TopicPartition(topic: String(cString: rd_kafka_topic_name($0)), partition: message.partition)
                }
                failure = (KafkaError(message.err, topicPartition: topic), 1)
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
