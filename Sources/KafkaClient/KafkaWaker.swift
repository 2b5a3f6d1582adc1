import CRdKafka
import Synchronization

/// Ends a consumer's wait from any thread.
public final class KafkaWaker: Sendable {
    // MARK: - Mutable State

    /// The consumer's queue until it is closed; the lock keeps `wake` and `release` apart.
    private let queue: Mutex<SharedQueue?>

    init(_ client: OpaquePointer) {
        queue = Mutex(rd_kafka_queue_get_consumer(client).map(SharedQueue.init))
    }

    deinit { release() }

    /// Makes the current `poll`, or the next one, return at once with what is there. Does nothing once the consumer is closed.
    public func wake() {
        queue.withLock { if let queue = $0 { rd_kafka_queue_yield(queue.pointer) } }
    }

    func release() {
        queue.withLock { queue in
            if let queue { rd_kafka_queue_destroy(queue.pointer) }
            queue = nil
        }
    }
}

/// A reference to a queue; unchecked because librdkafka's queues lock for themselves.
private struct SharedQueue: @unchecked Sendable {
    let pointer: OpaquePointer
}
