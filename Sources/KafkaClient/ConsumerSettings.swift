/// What a consumer's properties have to be, whatever the user says.
enum ConsumerSettings {
    private static let fixed = [
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "enable.partition.eof": "false",
    ]

    private static let defaults = [
        "auto.offset.reset": "earliest",
        // librdkafka looks for topics made later only every 5 minutes.
        "topic.metadata.refresh.interval.ms": "10000",
        "socket.keepalive.enable": "true",
    ]

    static func checked(_ properties: [String: String], topics: [String]) throws(KafkaError) -> [String: String] {
        for (name, value) in fixed {
            if let given = properties[name], given != value {
                throw .invalid("'\(name)' must be \(value): an offset is committed only when its message is stored")
            }
        }
        if (properties["group.id"] ?? "").isEmpty { throw .invalid("'group.id' is missing") }
        if topics.isEmpty || topics.contains("") { throw .invalid("no topic to read, or one without a name") }
        return defaults.merging(properties) { _, given in given }.merging(fixed) { _, fixed in fixed }
    }

    static func resetsToEarliest(_ settings: [String: String]) -> Bool {
        ["smallest", "earliest", "beginning"].contains(settings["auto.offset.reset"] ?? "")
    }
}
