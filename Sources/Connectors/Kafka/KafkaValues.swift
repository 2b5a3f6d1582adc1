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
    /// The client library calls much an error that it mends by itself; errors that matter come as errors, too.
    var loggerLevel: Logger.Level {
        switch level {
        case ...2: .error
        case 3...4: .info
        default: .debug
        }
    }
}
