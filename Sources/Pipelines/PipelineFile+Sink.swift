extension PipelineFile {
    /// librdkafka properties that Lorikeet sets itself, and why a pipeline file may not.
    private static let ownSinkProperties = [
        "bootstrap.servers": "use sink.kafka.brokers",
        "metadata.broker.list": "use sink.kafka.brokers",
        "enable.idempotence": "retries must neither repeat nor reorder records",
        "message.timeout.ms": "a record waits in the outbox until a broker has it",
        "delivery.timeout.ms": "a record waits in the outbox until a broker has it",
        "transactional.id": "records are published at least once, without transactions",
        "enable.gapless.guarantee": "a record that a broker refuses is stored as rejected",
    ]

    static func readSink(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> SinkConfiguration? {
        guard let section = value.section(SinkKeys.section) else { return nil }
        let postgres = section.read(SinkKeys.postgres)
        let direct = section.read(SinkKeys.postgresDirect)
        let storeText = section.read(SinkKeys.storeText)
        let kafka = section[SinkKeys.kafka].map { readKafkaSink($0, tasks: tasks) }
        let maximumRows = section.read(SinkKeys.maximumOutboxRows)
        guard let postgres, let storeText, let maximumRows else { return nil }
        var sink = SinkConfiguration(postgres: postgres, postgresDirect: direct, storeText: storeText)
        sink.maximumOutboxRows = maximumRows
        guard let kafka else { return sink }
        sink.kafka = kafka
        return kafka == nil ? nil : sink
    }

    private static func readKafkaSink(
        _ value: ConfigurationValue, tasks: [TaskConfiguration]?
    ) -> KafkaSinkConfiguration? {
        guard let section = value.section(KafkaSinkKeys.section) else { return nil }
        let topic = section[KafkaSinkKeys.topic.declaration].flatMap { readTopic($0) }
        let format = section.read(KafkaSinkKeys.format)
        let key = section.read(KafkaSinkKeys.key)
        let names = section[KafkaSinkKeys.tasks].map { value in
            value.list("a list of tasks")?.compactMap { readTaskName($0, tasks: tasks) }
        }
        let brokers = section.read(KafkaSinkKeys.brokers)
        let properties = section[KafkaSinkKeys.properties].map { readProperties($0, own: ownSinkProperties) } ?? [:]
        guard let topic, format != nil, let key, let properties else { return nil }
        if case .some(nil) = names { return nil }
        return KafkaSinkConfiguration(
            topic: topic, key: key, tasks: names ?? nil, brokers: brokers, properties: properties)
    }

    static func readRejected(_ value: ConfigurationValue) -> RejectedConfiguration? {
        guard let section = value.section(RejectedKeys.section) else { return nil }
        guard let kafka = section[RejectedKeys.kafka] else { return RejectedConfiguration() }
        guard let topic = kafka.section(RejectedKafkaKeys.section)?[RejectedKafkaKeys.topic.declaration] else {
            return nil
        }
        return readTopic(topic).map { RejectedConfiguration(topic: $0) }
    }

    /// A pipeline must not read what it publishes, nor mix labels and rejected records in one topic.
    static func checkTopics(
        source: SourceConfiguration?, sink: SinkConfiguration?, rejected: RejectedConfiguration?,
        problems: ProblemCollector
    ) {
        func add(_ key: String, _ message: String) { problems.add(at: problems.positions[key], key: key, message) }
        let isSameCluster = sink?.kafka?.brokers.map { $0 == source?.brokers } ?? true
        let rejectedKey = "rejected.kafka.topic"
        for (topic, key) in [(sink?.kafka?.topic, "sink.kafka.topic"), (rejected?.topic, rejectedKey)] {
            guard let topic, isSameCluster, source?.topics.contains(topic) == true else { continue }
            add(key, "the pipeline reads the topic \(topic), so it would label what it publishes")
        }
        if let labels = sink?.kafka?.topic, labels == rejected?.topic {
            add(rejectedKey, "sink.kafka publishes labels to the topic \(labels); rejected records need another")
        }
    }
}
