/// The rules for a producer whose messages must neither be lost nor reordered, beyond librdkafka's own.
enum ProducerSettings {
    private static let fixed = [
        "enable.idempotence": "true",
        // Messages wait for a broker as long as it takes; whoever produces them decides when to give up.
        "message.timeout.ms": "0",
    ]

    private static let defaults = [
        "linger.ms": "5",
        "compression.codec": "zstd",
        // The Java client's: a key goes to the same partition whoever produces it.
        "partitioner": "murmur2_random",
        "topic.metadata.refresh.interval.ms": "10000",
        "reconnect.backoff.max.ms": "2000",
        "socket.keepalive.enable": "true",
    ]

    /// Names that mean the same as one of the fixed.
    private static let aliases = ["delivery.timeout.ms": "message.timeout.ms"]

    private static let refused = [
        "transactional.id": "records are published at least once, without transactions",
        "enable.gapless.guarantee": "a record that a broker refuses is stored as rejected, and the others go on",
    ]

    /// The properties with our defaults and fixed values.
    static func checked(_ properties: [String: String]) throws(KafkaError) -> [String: String] {
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let alias = aliases[name] ?? name
            if let fixed = fixed[alias], value != fixed {
                throw .invalid("'\(name)' must be \(fixed): no record may be lost or change its place")
            }
            if let reason = refused[name] { throw .invalid("'\(name)' cannot be set: \(reason)") }
        }
        let given = properties.filter { aliases[$0.key] == nil }
        return defaults.merging(given) { _, given in given }.merging(fixed) { _, fixed in fixed }
    }
}
