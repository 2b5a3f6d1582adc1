import CRdKafka

/// One element of a list of partitions.
struct PartitionEntry {
    var partition: TopicPartition
    var offset: Int64
    var error: KafkaError?

    static func read(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [PartitionEntry] {
        (0..<Int(list.pointee.cnt)).map { index in
            let element = list.pointee.elems[index]
            let partition = TopicPartition(topic: String(cString: element.topic), partition: element.partition)
            let failed = element.err != RD_KAFKA_RESP_ERR_NO_ERROR
            return PartitionEntry(
                partition: partition, offset: element.offset,
                error: failed ? KafkaError(element.err, topicPartition: partition) : nil)
        }
    }
}
