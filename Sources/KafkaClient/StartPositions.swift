import CRdKafka

/// Finds where a group begins in partitions of which it has committed no offset.
///
/// Asks the brokers, within the rebalance: once a partition is assigned without a position, librdkafka reads it from
/// where `auto.offset.reset` says.
struct StartPositions {
    let client: OpaquePointer
    let start: ConsumerStart

    /// How long each answer may take. The group waits meanwhile.
    private static let timeout: Int32 = 10_000

    /// The offsets to begin at; partitions that the group has read before are left out.
    func offsets(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        guard start != .byDefault, !partitions.isEmpty else { return [:] }
        let committed = PartitionList(partitions)
        try KafkaError.check(committed.withPointer { rd_kafka_committed(client, $0, Self.timeout) })
        if let error = committed.entries.compactMap(\.error).first { throw error }
        let known = committed.offsets
        let new = partitions.filter { known[$0] == nil }
        guard !new.isEmpty else { return [:] }
        var offsets: [TopicPartition: Int64] = [:]
        if case .time(let milliseconds) = start {
            let asked = PartitionList(new, offset: milliseconds)
            try KafkaError.check(asked.withPointer { rd_kafka_offsets_for_times(client, $0, Self.timeout) })
            offsets = asked.offsets
        }
        // `latest`, or no message is as young as the time.
        for partition in new where offsets[partition] == nil { offsets[partition] = try end(of: partition) }
        return offsets
    }

    private func end(of partition: TopicPartition) throws(KafkaError) -> Int64 {
        var (low, high) = (Int64(0), Int64(0))
        try KafkaError.check(
            rd_kafka_query_watermark_offsets(client, partition.topic, partition.partition, &low, &high, Self.timeout))
        return high
    }
}
