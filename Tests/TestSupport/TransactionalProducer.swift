import CRdKafka

/// Writes records in transactions, which Lorikeet's own producer has no use for.
public final class TransactionalProducer {
    /// A call of librdkafka that failed.
    public struct Failure: Error, CustomStringConvertible {
        /// librdkafka's text.
        public let description: String
    }

    private let client: OpaquePointer

    /// - Parameter identity: the `transactional.id`.
    public init(brokers: String, identity: String) throws {
        let configuration = rd_kafka_conf_new()
        for (name, value) in [("bootstrap.servers", brokers), ("transactional.id", identity), ("linger.ms", "0")] {
            rd_kafka_conf_set(configuration, name, value, nil, 0)
        }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
            rd_kafka_conf_destroy(configuration)
            throw Failure(description: "no producer")
        }
        self.client = client
        try Self.check(rd_kafka_init_transactions(client, 30_000))
    }

    deinit { rd_kafka_destroy(client) }

    /// Begins, runs `body`, commits.
    public func transaction(_ body: () throws -> Void) throws {
        try Self.check(rd_kafka_begin_transaction(client))
        try body()
        try Self.check(rd_kafka_commit_transaction(client, 30_000))
    }

    /// Adds a message to the open transaction.
    public func produce(topic: String, partition: Int32, payload: [UInt8]) throws {
        var payload = payload
        let code = payload.withUnsafeMutableBytes {
            lorikeet_produce(client, topic, partition, $0.baseAddress, $0.count, nil, 0, nil, 0, nil)
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw Failure(description: String(cString: rd_kafka_err2str(code))) }
    }

    private static func check(_ error: OpaquePointer?) throws {
        guard let error else { return }
        defer { rd_kafka_error_destroy(error) }
        throw Failure(description: String(cString: rd_kafka_error_string(error)))
    }
}
