import CRdKafka
import Threading

extension KafkaProbe {
    /// The newest records of a topic. Reads without joining a group, and commits nothing.
    ///
    /// - Parameters:
    ///   - topic: an existing topic.
    ///   - partitions: how many it has.
    ///   - maximum: how many records to return at most.
    ///   - patience: how long to wait for the ends of all partitions.
    /// - Returns: in the order of their arrival; fewer, or none, if the topic has no more.
    public func newestRecords(
        of topic: String, partitions: Int, atMost maximum: Int, within patience: Duration
    ) throws(KafkaError) -> [KafkaMessage] {
        let perPartition = max(1, maximum / max(1, partitions))
        let assigned = (0..<Int32(clamping: partitions)).map { TopicPartition(topic: topic, partition: $0) }
        // Relative to the end: librdkafka counts backwards below this base.
        let list = PartitionList(assigned, offset: Int64(RD_KAFKA_OFFSET_TAIL_BASE) - Int64(perPartition))
        let code = list.withPointer { rd_kafka_assign(handle.client, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code) }
        defer { rd_kafka_assign(handle.client, nil) }
        var names = KafkaMessage.TopicNames()
        var records: [KafkaMessage] = []
        var ended: Set<Int32> = []
        let deadline = ContinuousClock.now + patience
        while records.count < maximum, ended.count < partitions, ContinuousClock.now < deadline {
            guard let message = rd_kafka_consumer_poll(handle.client, 100) else { continue }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                records.append(KafkaMessage(message, topic: names.name(of: message.pointee.rkt)))
            case RD_KAFKA_RESP_ERR__PARTITION_EOF: ended.insert(message.pointee.partition)
            default: break
            }
        }
        return records
    }
}
