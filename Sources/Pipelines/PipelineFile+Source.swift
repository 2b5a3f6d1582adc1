import JSON

extension PipelineFile {
    /// librdkafka properties that Lorikeet sets itself, and why a pipeline file may not.
    private static let ownProperties = [
        "bootstrap.servers": "use source.kafka.brokers",
        "metadata.broker.list": "use source.kafka.brokers",
        "group.id": "use source.kafka.group",
        "enable.auto.commit": "offsets are committed only after their rows",
        "enable.auto.offset.store": "offsets are committed only after their rows",
        "enable.partition.eof": "it has no use here",
    ]

    static func readSource(_ value: ConfigurationValue) -> SourceConfiguration? {
        guard let section = value.section(SourceKeys.section) else { return nil }
        let kafka = section[SourceKeys.kafka].flatMap(readKafka)
        let text = section[SourceKeys.text].flatMap(readPointer)
        guard let kafka else { return nil }
        return SourceConfiguration(
            brokers: kafka.brokers, topics: kafka.topics, group: kafka.group, properties: kafka.properties, text: text)
    }

    private typealias Kafka = (brokers: String, topics: [String], group: String, properties: [String: Secret])

    private static func readKafka(_ value: ConfigurationValue) -> Kafka? {
        guard let section = value.section(KafkaKeys.section) else { return nil }
        let brokers = section.read(KafkaKeys.brokers)
        let topics = section[KafkaKeys.topics].flatMap(readTopics)
        let group = section.read(KafkaKeys.group)
        let properties = section[KafkaKeys.properties].map { readProperties($0, own: ownProperties) } ?? [:]
        guard let brokers, let topics, let group, let properties else { return nil }
        return (brokers, topics, group, properties)
    }

    private static func readTopics(_ value: ConfigurationValue) -> [String]? {
        guard let entries = value.list("a list of topics such as [packages]") else { return nil }
        var topics: [String] = []
        for entry in entries {
            guard let topic = readTopic(entry) else { continue }
            if topics.contains(topic) { entry.problem("the topic \(topic) is listed twice") }
            topics.append(topic)
        }
        return topics
    }

    /// The name of one topic.
    static func readTopic(_ value: ConfigurationValue) -> String? {
        guard let topic = value.text("a topic") else { return nil }
        if isTopic(topic) { return topic }
        value.problem("is not a topic name: use letters, digits, dots, _ and -, and at most 249 characters")
        return nil
    }

    private static func isTopic(_ text: String) -> Bool {
        text.utf8.count <= 249 && text != "." && text != ".."
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0))
            }
    }

    /// - Parameter own: properties that Lorikeet sets itself, with the reason.
    static func readProperties(_ value: ConfigurationValue, own: [String: String]) -> [String: Secret]? {
        guard let entries = value.entries("a mapping of librdkafka's properties") else { return nil }
        var properties: [String: Secret] = [:]
        for (name, property) in entries {
            if let reason = own[name] {
                property.problem("is set by Lorikeet: \(reason)")
            } else if let text = property.text("a value", mayBeEmpty: true) {
                properties[name] = Secret(text)
            }
        }
        return properties
    }

    private static func readPointer(_ value: ConfigurationValue) -> JSONPointer? {
        guard let text = value.text("a JSON Pointer such as /description") else { return nil }
        guard let pointer = pointer(text) else {
            value.problem("must be a JSON Pointer such as /description; leave it out if the payload is the text")
            return nil
        }
        return pointer
    }

    static func pointer(_ text: String) -> JSONPointer? {
        do throws(JSONPointerError) { return try JSONPointer(text) } catch { return nil }
    }
}
