import JSON
import Serving
import Training

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
        let start = section[SourceKeys.start].map(readStart) ?? .earliest
        let format = section.read(SourceKeys.format)
        let registry = section[SourceKeys.schemaRegistry].flatMap(readRegistry)
        section[SourceKeys.protobuf]?.problem(
            "Protobuf is not read: convert the topic to Avro or JSON, for example with Kafka Connect")
        let text = section[SourceKeys.text].map(readPointers) ?? []
        let key = section[SourceKeys.key].flatMap {
            readPointer($0, example: "/customer/id", alternative: "the record's own key is the key")
        }
        let strip = section.read(SourceKeys.strip)
        let nullPayload = section.read(SourceKeys.nullPayload)
        checkFormat(format, section)
        guard let kafka, let start, let text, let nullPayload else { return nil }
        if kafka.properties["auto.offset.reset"] != nil, let value = section[SourceKeys.start] {
            value.problem("and source.kafka.properties.auto.offset.reset say the same thing: leave one of them out")
        }
        return SourceConfiguration(
            brokers: kafka.brokers, topics: kafka.topics, group: kafka.group, groupInstance: kafka.groupInstance,
            properties: kafka.properties, start: start, format: format, registry: registry, text: text, key: key,
            strip: strip, nullPayload: nullPayload)
    }

    /// Which keys need one another.
    private static func checkFormat(_ format: RecordFormat?, _ section: ConfigurationSection) {
        let registry = section[SourceKeys.schemaRegistry]
        switch format {
        case .auto, .avro:
            if registry == nil {
                section[SourceKeys.format.declaration]?.problem("needs source.schema_registry, with its url")
            }
        case .text:
            section[SourceKeys.text]?.problem("has no use with source.format: text; the record's value is the text")
            section[SourceKeys.key]?.problem("has no use with source.format: text; a text has no fields")
            registry?.problem("has no use with source.format: text")
        case .json: registry?.problem("has no use with source.format: json; auto and avro ask the registry")
        case nil where section[SourceKeys.format.declaration] == nil:
            registry?.problem("has no use without source.format: auto or avro")
        case nil: break
        }
    }

    private static func readRegistry(_ value: ConfigurationValue) -> SchemaRegistryConfiguration? {
        guard let section = value.section(RegistryKeys.section) else { return nil }
        let url = section.read(RegistryKeys.url)
        let username = section.read(RegistryKeys.username)
        let password = section.read(RegistryKeys.password)
        let certificates = section.read(RegistryKeys.certificates)
        let cache = section.read(RegistryKeys.cache)
        if username?.value.contains(":") == true {
            section[RegistryKeys.username.declaration]?.problem("must not hold a colon")
        }
        if section[RegistryKeys.username.declaration] == nil, let value = section[RegistryKeys.password.declaration] {
            value.problem("needs username beside it")
        }
        guard let url, let cache else { return nil }
        return SchemaRegistryConfiguration(
            url: url, username: username, password: password, certificates: certificates, cache: cache)
    }

    private static func readStart(_ value: ConfigurationValue) -> SourceStart? {
        let expected = "earliest, latest, or a time such as 2026-01-31 or 2026-01-31T06:00:00Z"
        guard let text = value.text(expected) else { return nil }
        switch text {
        case "earliest": return .earliest
        case "latest": return .latest
        default: break
        }
        guard let time = TimeText(text)?.milliseconds, time >= 0 else {
            value.problem("must be \(expected)")
            return nil
        }
        return .time(time)
    }

    private typealias Kafka = (
        brokers: String, topics: [String], group: String, groupInstance: GroupInstance?, properties: [String: Secret]
    )

    private static func readKafka(_ value: ConfigurationValue) -> Kafka? {
        guard let section = value.section(KafkaKeys.section) else { return nil }
        let brokers = section.read(KafkaKeys.brokers)
        let topics = section[KafkaKeys.topics].flatMap(readTopics)
        let group = section.read(KafkaKeys.group)
        let groupInstance = section.read(KafkaKeys.groupInstance)
        let properties = section[KafkaKeys.properties].map { readProperties($0, own: ownProperties) } ?? [:]
        guard let brokers, let topics, let group, let properties else { return nil }
        if properties["group.instance.id"] != nil {
            section[KafkaKeys.groupInstance.declaration]?.problem(
                "and source.kafka.properties.group.instance.id say the same thing: leave one of them out")
        }
        return (brokers, topics, group, groupInstance, properties)
    }

    private static func readTopics(_ value: ConfigurationValue) -> [String]? {
        guard let entries = value.list("a list of topics such as [packages]") else { return nil }
        var topics: [String] = []
        for entry in entries {
            guard let topic = readTopic(entry, mayBePattern: true) else { continue }
            if topics.contains(topic) { entry.problem("the topic \(topic) is listed twice") }
            topics.append(topic)
        }
        return topics
    }

    /// The name of one topic, or where allowed a pattern of names.
    static func readTopic(_ value: ConfigurationValue, mayBePattern: Bool = false) -> String? {
        guard let topic = value.text("a topic") else { return nil }
        if isTopic(topic) || (mayBePattern && topic.hasPrefix("^")) { return topic }
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

    /// One pointer or a list of them; nil with a problem if none can be read.
    private static func readPointers(_ value: ConfigurationValue) -> [JSONPointer]? {
        guard case .sequence = value.node.content else { return readPointer(value).map { [$0] } }
        guard let entries = value.list("a list of JSON Pointers such as [/subject, /body]") else { return nil }
        var pointers: [JSONPointer] = []
        for entry in entries {
            guard let pointer = readPointer(entry) else { continue }
            if pointers.contains(pointer) { entry.problem("the pointer \(pointer) is listed twice") }
            pointers.append(pointer)
        }
        return pointers
    }

    /// - Parameter alternative: what holds without the pointer.
    private static func readPointer(
        _ value: ConfigurationValue, example: String = "/description",
        alternative: String = "the payload is the text"
    ) -> JSONPointer? {
        guard let text = value.text("a JSON Pointer such as \(example)") else { return nil }
        guard let pointer = pointer(text) else {
            value.problem("must be a JSON Pointer such as \(example); leave it out if \(alternative)")
            return nil
        }
        return pointer
    }

    static func pointer(_ text: String) -> JSONPointer? {
        do throws(JSONPointerError) { return try JSONPointer(text) } catch { return nil }
    }
}
