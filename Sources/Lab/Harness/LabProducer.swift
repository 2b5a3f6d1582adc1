import KafkaClient
import Threading

/// Produces messages to one topic and counts them, on a thread of its own: librdkafka blocks while its queue is full.
actor LabProducer {
    /// One message; a null key or payload is nil.
    struct Message: Sendable {
        var key: [UInt8]?
        var payload: [UInt8]?
        /// nil lets the key choose.
        var partition: Int32?
    }

    private let thread = DedicatedThread(name: "lab-producer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let producer: KafkaProducer
    private let topic: String
    /// Messages per partition, of those that named one. With a single producer: the partition's next offset.
    private(set) var produced: [Int32: Int64] = [:]
    /// All messages, whether the broker has them yet or not.
    private(set) var total = 0

    /// - Parameter properties: librdkafka's, added to `bootstrap.servers`.
    init(brokers: String, topic: String, properties: [String: String] = [:]) throws {
        producer = try KafkaProducer(properties: properties.merging(["bootstrap.servers": brokers]) { $1 })
        self.topic = topic
    }

    /// Hands messages to librdkafka, which sends them.
    func produce(_ messages: [Message]) throws {
        for message in messages {
            try producer.produce(
                topic: topic, partition: message.partition ?? -1, key: message.key, payload: message.payload,
                timeout: .seconds(120))
            total += 1
            if let partition = message.partition { produced[partition, default: 0] += 1 }
        }
    }

    /// Waits until the broker has confirmed every message.
    ///
    /// - Throws: `KafkaError` when the time is up. Until then errors count as temporary: librdkafka retries.
    func flush(within limit: Duration = .seconds(120)) throws {
        let deadline = ContinuousClock.now + limit
        while producer.deliveredCount < total {
            do { try producer.flush(timeout: min(limit, .seconds(5))) } catch {
                if ContinuousClock.now > deadline { throw error }
            }
            guard producer.failedCount == 0 else {
                throw LabError("the broker refused \(producer.failedCount) of \(total) messages")
            }
        }
    }
}
