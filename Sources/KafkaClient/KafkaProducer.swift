import CRdKafka

/// Writes messages. Not `Sendable`.
public final class KafkaProducer {
    public init(
        properties: [String: String], onError: @escaping (KafkaError) -> Void = { _ in },
        onLog: @escaping @Sendable (KafkaLogLine) -> Void = { _ in }
    ) throws(KafkaError) {}
    public func produce(
        topic: String, partition: Int32? = nil, key: [UInt8]? = nil, payload: [UInt8]?,
        headers: [KafkaHeader] = [], timestamp: Int64? = nil
    ) throws(KafkaError) {}
    /// Waits until every message is delivered; throws if one was not since the last flush.
    public func flush(timeout: Duration) throws(KafkaError) {}
    public var deliveredCount: Int { 0 }
    public var failedCount: Int { 0 }
}
