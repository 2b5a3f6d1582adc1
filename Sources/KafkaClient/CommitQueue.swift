import CRdKafka
import Threading

/// Commits with a deadline: `rd_kafka_commit` waits as long as the coordinator is unavailable.
final class CommitQueue {
    private let client: OpaquePointer
    private let queue: OpaquePointer
    private var lastTicket = 0

    init(_ client: OpaquePointer) {
        self.client = client
        queue = rd_kafka_queue_new(client)
    }

    deinit { rd_kafka_queue_destroy(queue) }

    /// - Returns: `nil` if every offset is committed.
    func commit(_ offsets: [TopicPartition: Int64], timeout: Duration, whenSent: () -> Void = {}) -> KafkaError? {
        let deadline = ContinuousClock.now + timeout
        lastTicket += 1
        // The ticket tells the answer from a late one to an earlier commit.
        let ticket = UnsafeMutableRawPointer(bitPattern: lastTicket)
        let code = PartitionList(offsets).withPointer { rd_kafka_commit_queue(client, $0, queue, nil, ticket) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { return KafkaError(code) }
        whenSent()
        while true {
            guard let event = rd_kafka_queue_poll(queue, (deadline - ContinuousClock.now).milliseconds) else {
                if ContinuousClock.now < deadline { continue }
                return KafkaError(
                    RD_KAFKA_RESP_ERR__TIMED_OUT, message: "the group coordinator did not answer a commit in time")
            }
            defer { rd_kafka_event_destroy(event) }
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT, rd_kafka_event_opaque(event) == ticket
            else { continue }
            return answer(event)
        }
    }

    private func answer(_ event: OpaquePointer) -> KafkaError? {
        if let list = rd_kafka_event_topic_partition_list(event),
            let refused = PartitionEntry.read(list).lazy.compactMap(\.error).first
        {
            return refused
        }
        let code = rd_kafka_event_error(event)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code)
    }
}
