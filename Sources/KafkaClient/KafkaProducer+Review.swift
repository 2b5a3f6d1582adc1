import CRdKafka

extension KafkaProducer {
    /// Creates a producer with these properties, as `init(durable:)` does, but without a network, and destroys it.
    public static func review(durable properties: [String: String]) -> KafkaSettingsReview {
        do throws(KafkaError) {
            return KafkaSettingsReview(RD_KAFKA_PRODUCER, settings: try ProducerSettings.checked(properties))
        } catch {
            return KafkaSettingsReview(refusal: error)
        }
    }
}
