import KafkaClient
import LocalServers

/// Runs `body` with a broker of its own that has these topics (name: partitions), stopped afterwards.
public func withEmbeddedBroker<Value>(
    topics: [String: Int] = [:], brokers: Int = 1, isolation: isolated (any Actor)? = #isolation,
    _ body: (EmbeddedBroker) async throws -> Value
) async throws -> Value {
    let broker = try EmbeddedBroker(brokers: brokers)
    defer { broker.stop() }
    for (topic, partitions) in topics { try broker.createTopic(topic, partitions: partitions) }
    return try await body(broker)
}

extension EmbeddedBroker {
    /// A producer that delivers at once, and gives up after 30 seconds.
    public func makeProducer(_ properties: [String: String] = [:]) throws(KafkaError) -> KafkaProducer {
        let base = ["bootstrap.servers": bootstrapServers, "linger.ms": "0", "message.timeout.ms": "30000"]
        return try KafkaProducer(properties: base.merging(properties) { _, given in given })
    }

    /// Properties of a group member that notices others quickly. The mock broker lets a second member wait for about a
    /// session timeout.
    public func consumerProperties(group: String, _ properties: [String: String] = [:]) -> [String: String] {
        let base = [
            "bootstrap.servers": bootstrapServers, "group.id": group, "session.timeout.ms": "3000",
            "heartbeat.interval.ms": "200",
            "fetch.wait.max.ms": "50", "reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "200",
        ]
        return base.merging(properties) { _, given in given }
    }
}
