import CRdKafka

/// Owns one `rd_kafka_topic_partition_list_t`.
final class PartitionList {
    private let list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// Every partition with the same offset, for example `RD_KAFKA_OFFSET_END`.
    init(_ partitions: some Collection<TopicPartition>, offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID)) {
        list = rd_kafka_topic_partition_list_new(Int32(clamping: partitions.count))
        for partition in partitions {
            rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition).pointee.offset = offset
        }
    }

    init(_ offsets: [TopicPartition: Int64]) {
        list = rd_kafka_topic_partition_list_new(Int32(clamping: offsets.count))
        for (partition, offset) in offsets {
            rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition).pointee.offset = offset
        }
    }

    /// Topics to subscribe to.
    init(topics: [String]) {
        list = rd_kafka_topic_partition_list_new(Int32(clamping: topics.count))
        for topic in topics { rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA) }
    }

    deinit { rd_kafka_topic_partition_list_destroy(list) }

    /// The C list for the length of a call; `self` lives as long.
    func withPointer<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Result) -> Result {
        withExtendedLifetime(self) { body(list) }
    }

    var entries: [PartitionEntry] { PartitionEntry.read(list) }

    /// The real offsets: without errors and without librdkafka's negative logical offsets.
    var offsets: [TopicPartition: Int64] {
        let known = entries.filter { $0.error == nil && $0.offset >= 0 }
        return Dictionary(known.map { ($0.partition, $0.offset) }, uniquingKeysWith: { _, last in last })
    }
}

extension PartitionList {
    /// The committed offsets of the client's group, asked of its coordinator.
    ///
    /// - Returns: with a logical offset where none is committed. Each partition may have an error of its own.
    /// - Throws: if the coordinator refuses the request, or does not answer in time.
    static func committed(
        _ partitions: some Collection<TopicPartition>, client: OpaquePointer, timeout: Duration
    ) throws(KafkaError) -> PartitionList {
        let list = PartitionList(partitions)
        try KafkaError.check(list.withPointer { rd_kafka_committed(client, $0, timeout.milliseconds) })
        return list
    }

    /// The offsets of a place, asked of the brokers: one request per leader.
    ///
    /// - Returns: without partitions in which no record is as young as a time.
    /// - Throws: if a broker refuses one of the partitions, or does not answer in time.
    static func offsets(
        of partitions: some Collection<TopicPartition>, at place: KafkaReader.Place, client: OpaquePointer,
        timeout: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        if partitions.isEmpty { return [:] }
        let asked: Int64 =
            switch place {
            case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
            case .end: Int64(RD_KAFKA_OFFSET_END)
            // Negative numbers are places, not times.
            case .time(let milliseconds): max(0, milliseconds)
            }
        let list = PartitionList(partitions, offset: asked)
        try KafkaError.check(list.withPointer { rd_kafka_offsets_for_times(client, $0, timeout.milliseconds) })
        if let error = list.entries.lazy.compactMap(\.error).first { throw error }
        return list.offsets
    }
}
