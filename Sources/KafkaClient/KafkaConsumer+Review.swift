import CRdKafka

extension KafkaConsumer {
    /// Names of librdkafka's properties, in order.
    public static var propertyNames: [String] { PropertyTable.ranges.keys.sorted() }

    /// Creates a consumer with these properties, as `init` does, but without a network, and destroys it.
    public static func review(properties: [String: String], topics: [String]) -> KafkaSettingsReview {
        for topic in topics where TopicPattern.isPattern(topic) && TopicPattern(topic) == nil {
            let message = "source.kafka.topics: \(topic) is not an extended regular expression"
            return KafkaSettingsReview(problems: [KafkaPropertyProblem(property: nil, message: message)])
        }
        do throws(KafkaError) {
            return KafkaSettingsReview(
                RD_KAFKA_CONSUMER, settings: try ConsumerSettings.checked(properties, topics: topics))
        } catch {
            return KafkaSettingsReview(refusal: error)
        }
    }
}
