import CRdKafka

extension KafkaConsumer {
    /// Names of librdkafka's properties, in order.
    public static var propertyNames: [String] { PropertyTable.ranges.keys.sorted() }

    /// Creates a consumer with these properties, as `init` does, but without a network, and destroys it.
    public static func review(properties: [String: String], topics: [String]) -> KafkaSettingsReview {
        do throws(KafkaError) {
            return KafkaSettingsReview(
                RD_KAFKA_CONSUMER, settings: try ConsumerSettings.checked(properties, topics: topics))
        } catch {
            return KafkaSettingsReview(refusal: error)
        }
    }
}
