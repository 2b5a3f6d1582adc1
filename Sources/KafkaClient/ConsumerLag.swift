import CRdKafka
import Threading

/// Measures the lag of all partitions of a consumer in few requests.
struct ConsumerLag {
    var client: OpaquePointer
    var assignment: Set<TopicPartition>
    var resetsToEarliest: Bool
    var timeout: Duration

    func measured() -> [TopicPartition: Int64] {
        if assignment.isEmpty { return [:] }
        let asked = offsets(of: assignment, at: Int64(RD_KAFKA_OFFSET_END))
        let ends = ends(asked)
        var positions = positions(ends: ends)
        // What the topic has deleted waits for nobody: a group that was away for long may have committed an offset
        // before the first record, and keeps that position until the next record comes. A broker that gave no end is
        // not asked again.
        let behind = asked.filter { positions[$0.key, default: .max] < $0.value }
        if !behind.isEmpty {
            let beginnings = offsets(of: Set(behind.keys), at: Int64(RD_KAFKA_OFFSET_BEGINNING))
            positions.merge(beginnings) { max($0, $1) }
        }
        return ends.reduce(into: [:]) { lag, end in
            if let position = positions[end.key] { lag[end.key] = max(0, end.value - position) }
        }
    }

    /// The offset behind the last message of each partition.
    private func ends(_ asked: [TopicPartition: Int64]) -> [TopicPartition: Int64] {
        assignment.reduce(into: asked) { ends, partition in
            if ends[partition] == nil { ends[partition] = lastSeenEnd(partition) }
        }
    }

    /// The next offset to read: behind the last message returned and the markers of transactions that follow it, else
    /// the committed offset, else where a new group starts.
    private func positions(ends: [TopicPartition: Int64]) -> [TopicPartition: Int64] {
        let list = PartitionList(assignment)
        var positions =
            list.withPointer { rd_kafka_position(client, $0) } == RD_KAFKA_RESP_ERR_NO_ERROR ? list.offsets : [:]
        let unread = assignment.subtracting(positions.keys)
        if unread.isEmpty { return positions }

        guard let committed = try? PartitionList.committed(unread, client: client, timeout: timeout) else {
            return positions
        }
        positions.merge(committed.offsets) { position, _ in position }
        let new = unread.subtracting(positions.keys)
        if new.isEmpty { return positions }
        return positions.merging(resetsToEarliest ? offsets(of: new, at: Int64(RD_KAFKA_OFFSET_BEGINNING)) : ends) {
            position, _ in position
        }
    }

    /// The real offsets for a logical one, asked of the brokers. Partitions without an answer are left out.
    private func offsets(of partitions: Set<TopicPartition>, at offset: Int64) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions, offset: offset)
        let code = list.withPointer { rd_kafka_offsets_for_times(client, $0, timeout.milliseconds) }
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? list.offsets : [:]
    }

    private func lastSeenEnd(_ partition: TopicPartition) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(client, partition.topic, partition.partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }
}
