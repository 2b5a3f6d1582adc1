import KafkaClient
import Logging
import Serving

extension SourcePartition {
    init(_ partition: TopicPartition) { self.init(topic: partition.topic, partition: partition.partition) }
}

extension TopicPartition {
    init(_ partition: SourcePartition) { self.init(topic: partition.topic, partition: partition.partition) }
}

extension SourceMessage {
    init(_ message: KafkaMessage) {
        self.init(
            origin: Origin(topic: message.topic, partition: message.partition, offset: message.offset),
            key: message.key,
            payload: message.payload, headers: message.headers.map { ($0.name, $0.value) },
            producedAt: message.timestamp)
    }
}

extension KafkaLogLine {
    /// The client library logs many errors that it handles itself. Those that matter are reported as errors too.
    var loggerLevel: Logger.Level {
        switch level {
        case ...2: .error
        case 3...4: .info
        default: .debug
        }
    }
}
