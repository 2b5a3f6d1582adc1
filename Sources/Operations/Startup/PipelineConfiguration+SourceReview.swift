import KafkaClient
import Pipelines

/// The consumer's properties as librdkafka sees them before it connects: the same for `run`, a reload and `check`.
extension PipelineConfiguration {
    /// What keeps the consumer from being created, and what librdkafka ignores.
    func reviewSource() -> (problems: [ConfigurationProblem], remarks: [ConfigurationProblem]) {
        let settings = kafkaSettings
        let review = KafkaConsumer.review(properties: settings.consumerProperties, topics: settings.topics)
        let problems = review.problems.map { problem in
            let hint =
                problem.isUnknown
                ? Suggestion.text(for: problem.property ?? "", among: KafkaConsumer.propertyNames) : ""
            return self.problem(at: key(of: problem.property), problem.message + hint)
        }
        return (problems, review.remarks.map { self.problem(at: "source.kafka.properties", $0) })
    }

    /// Where the file sets a property of librdkafka's.
    private func key(of property: String?) -> String {
        switch property {
        case "bootstrap.servers": return "source.kafka.brokers"
        case "group.id": return "source.kafka.group"
        case let property?:
            let key = "source.kafka.properties.\(property)"
            return positions[key] == nil ? "source.kafka" : key
        case nil: return positions["source.kafka.properties"] == nil ? "source.kafka" : "source.kafka.properties"
        }
    }
}

extension DaemonConfiguration {
    /// Checks the properties of every consumer and producer, offline.
    ///
    /// - Throws: the properties with which no client can be created.
    public func requireUsableSources() throws(ConfigurationError) {
        let problems = pipelines.flatMap { $0.reviewSource().problems + $0.reviewPublisher().problems }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }
}
