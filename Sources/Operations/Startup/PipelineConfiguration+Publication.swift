import Connectors
import KafkaClient
import Logging
import Pipelines
import Serving

/// What a pipeline publishes, and with which producer: the same for `run`, a reload and `check`.
extension PipelineConfiguration {
    /// Which records go into the outbox; nil: none.
    var outboxSettings: OutboxSettings? {
        guard sink.kafka != nil || rejected.topic != nil else { return nil }
        return OutboxSettings(
            tasks: sink.kafka?.tasks.map { Set($0) }, key: sink.kafka?.key ?? .message,
            publishesLabels: sink.kafka != nil, publishesRejected: rejected.topic != nil,
            maximumRows: sink.maximumOutboxRows)
    }

    /// What the producer is made of; nil: the pipeline publishes nothing.
    var publisherSettings: KafkaPublisherSettings? {
        var topics: [OutboxKind: String] = [:]
        topics[.labels] = sink.kafka?.topic
        topics[.rejected] = rejected.topic
        guard !topics.isEmpty else { return nil }
        var properties = sink.kafka?.brokers == nil ? connectionProperties : [:]
        properties.merge(sink.kafka?.properties ?? [:]) { _, given in given }
        return KafkaPublisherSettings(
            brokers: sink.kafka?.brokers ?? source.brokers, topics: topics,
            key: sink.kafka?.key ?? .message, properties: properties.mapValues(\.value))
    }

    /// The properties of the source that say how to connect, which another client of the same brokers needs as well.
    private var connectionProperties: [String: Secret] {
        let prefixes = ["security.", "sasl.", "ssl.", "enable.ssl.", "enable.sasl.", "socket.", "broker."]
        return source.properties.filter { name, _ in prefixes.contains { name.hasPrefix($0) } }
    }

    /// What publishes the records of this pipeline, to be run with its serving path; nil: it publishes nothing.
    ///
    /// - Parameter database: where the outbox is.
    func makePublication(_ database: PostgresSettings, logger: Logger) -> Publication? {
        guard let outboxSettings, let publisherSettings else { return nil }
        return Publication(
            outbox: PostgresOutbox(database, pipeline: name, settings: outboxSettings),
            publisher: KafkaPublisher(publisherSettings, logger: logger))
    }

    /// What keeps the producer from being created, and what librdkafka ignores.
    func reviewPublisher() -> (problems: [ConfigurationProblem], remarks: [ConfigurationProblem]) {
        guard let settings = publisherSettings else { return ([], []) }
        let review = KafkaProducer.review(durable: settings.producerProperties)
        let problems = review.problems.map { problem in
            let hint =
                problem.isUnknown
                ? Suggestion.text(for: problem.property ?? "", among: KafkaConsumer.propertyNames) : ""
            return self.problem(at: publisherKey(of: problem.property), problem.message + hint)
        }
        return (problems + loops(settings), review.remarks.map { self.problem(at: publisherKey(of: nil), $0) })
    }

    /// Patterns of the source that match what is published. That a name equals it is found when the file is read.
    private func loops(_ settings: KafkaPublisherSettings) -> [ConfigurationProblem] {
        guard settings.brokers == source.brokers else { return [] }
        var problems: [ConfigurationProblem] = []
        for pattern in source.topics where TopicPattern.isPattern(pattern) {
            guard let expression = TopicPattern(pattern) else { continue }
            for (kind, topic) in settings.topics where expression.matches(topic) {
                let key = kind == .labels ? "sink.kafka.topic" : "rejected.kafka.topic"
                let reason = "\(pattern) of source.kafka.topics matches \(topic), so the pipeline would label what it "
                problems.append(problem(at: key, reason + "publishes"))
            }
        }
        return problems
    }

    /// Where the file sets a property of the producer: under `sink.kafka`, or as one of the source's.
    private func publisherKey(of property: String?) -> String {
        let fallback = sink.kafka == nil ? "rejected.kafka" : "sink.kafka"
        if property == "bootstrap.servers" { return sink.kafka?.brokers == nil ? fallback : "sink.kafka.brokers" }
        let own = "sink.kafka.properties" + (property.map { ".\($0)" } ?? "")
        return positions[own] == nil ? fallback : own
    }
}
