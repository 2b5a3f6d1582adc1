import CRdKafka

extension KafkaMessage {
    /// Topic names by librdkafka's topic object, for the length of one poll: one `String` per topic, not one per
    /// message. Not kept longer, because a freed object's address may become another topic.
    struct TopicNames {
        private var last: (topic: OpaquePointer, name: String)?
        private var others: [OpaquePointer: String] = [:]

        mutating func name(of topic: OpaquePointer?) -> String {
            guard let topic else { return "" }
            if let last, last.topic == topic { return last.name }
            let name = others[topic] ?? String(cString: rd_kafka_topic_name(topic))
            others[topic] = name
            last = (topic, name)
            return name
        }
    }
}

extension KafkaMessage {
    /// Copies a message that librdkafka owns.
    init(_ message: UnsafePointer<rd_kafka_message_t>, topic: String) {
        let source = message.pointee
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &kind)
        self.init(
            topic: topic, partition: source.partition, offset: source.offset,
            key: Self.bytes(source.key, source.key_len), payload: Self.bytes(source.payload, source.len),
            headers: Self.headers(message),
            timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || timestamp < 0 ? nil : timestamp)
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    private static func headers(_ message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [KafkaHeader] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            headers.append(KafkaHeader(name: name.map { String(cString: $0) } ?? "", value: bytes(value, size)))
        }
        return headers
    }
}
