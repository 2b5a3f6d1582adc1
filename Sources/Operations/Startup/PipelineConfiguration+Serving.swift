import AdapterRegistry
import Connectors
import LogKeys
import Logging
import Pipelines
import SchemaRegistry
import Serving
import WordPiece

extension PipelineConfiguration {
    /// The settings of the serving path.
    ///
    /// - Parameter drainTimeout: of the whole daemon; the pipeline gets most of it.
    public func servingSettings(drainTimeout: Duration) -> ServingSettings {
        var settings = ServingSettings(pipeline: name)
        settings.batchTokens = batch.tokens
        settings.batchDelay = batch.delay
        // The serving plan knows the base, and lowers it to the positions.
        settings.maxTokens = batch.maxTokens(positions: .max)
        settings.format = source.format
        settings.key = source.key
        settings.markup = source.strip
        settings.nullPayload = source.nullPayload
        settings.unrouted = unrouted
        settings.storeText = sink.storeText
        settings.drainPatience = drainTimeout * 0.8
        settings.revocationPatience = min(settings.revocationPatience, settings.drainPatience)
        return settings
    }

    /// The tasks of the serving path.
    public var taskDefinitions: [TaskDefinition] {
        tasks.map {
            TaskDefinition(
                name: $0.name, labels: $0.labels, abstention: $0.abstention, noneOfThese: $0.noneOfThese,
                longTexts: $0.longTexts)
        }
    }

    /// Which records go to which tasks.
    public var router: Router { Router(routes: routes.map { Route(conditions: $0.conditions, tasks: $0.tasks) }) }

    /// Where the text stands in a record.
    public var extractor: TextExtractor { source.text.isEmpty ? .wholeMessage : .pointers(source.text) }

    /// How to reach the schema registry; nil: none is asked.
    var registrySettings: RegistrySettings? {
        source.registry.map {
            RegistrySettings(
                url: $0.url, username: $0.username?.value, password: $0.password?.value, certificates: $0.certificates)
        }
    }

    /// Decodes what the schema registry describes; nil: none is asked.
    var decoders: (any DecoderSource)? {
        guard let registry = source.registry, let settings = registrySettings else { return nil }
        return RegistryDecoders(settings, format: source.format ?? .auto, capacity: registry.cache)
    }

    /// What the consumer is made of.
    var kafkaSettings: KafkaSourceSettings {
        var settings = KafkaSourceSettings(
            brokers: source.brokers, topics: source.topics, group: source.group,
            properties: source.properties.mapValues(\.value))
        settings.start = source.start
        return settings
    }

    /// The serving path of this pipeline, over Kafka (or another source) and PostgreSQL; not running yet.
    ///
    /// - Parameters:
    ///   - groupInstanceID: makes it a static member of its consumer group; nil: a dynamic one.
    ///   - publishes: whether it also publishes its records, where the file says so. If not, they wait in the outbox
    ///     for a daemon.
    ///   - publishingPatience: how long a drain goes on publishing; nil: as a daemon's.
    ///   - onlyTask: the one task whose rows it writes, beside those of other tasks; nil: those of all tasks.
    public func makeServingPipeline(
        source: (any TextSource)? = nil, groupInstanceID: String? = nil, publishes: Bool = true,
        publishingPatience: Duration? = nil, onlyTask: String? = nil, tokenizer: WordPieceTokenizer,
        liveAdapters: LiveAdapters, workers: WorkerPool, drainTimeout: Duration, logger: Logger
    ) -> ServingPipeline {
        var logger = logger
        logger[metadataKey: LogKey.pipeline] = "\(name)"
        var kafka = kafkaSettings
        kafka.groupInstanceID = groupInstanceID
        let database = PostgresSettings(dsn: sink.postgres.value, applicationName: "lorikeet \(name)")
        var publication = publishes ? makePublication(database, logger: logger) : nil
        if let publishingPatience { publication?.patience = publishingPatience }
        return ServingPipeline(
            settings: servingSettings(drainTimeout: drainTimeout), tasks: taskDefinitions, router: router,
            extractor: extractor, source: source ?? KafkaTextSource(kafka, logger: logger), decoders: decoders,
            sink: PostgresLabelSink(
                database, pipeline: name, outbox: outboxSettings, onlyTask: onlyTask, logger: logger),
            publication: publication, tokenizer: tokenizer,
            liveAdapters: liveAdapters, workers: workers, logger: logger)
    }

    /// Whether `other` differs only in what a running pipeline can take over. Not if it lacks a task: texts in flight
    /// still need the task's adapter.
    public func canBecome(_ other: PipelineConfiguration) -> Bool {
        Set(other.tasks.map(\.name)).isSuperset(of: tasks.map(\.name))
            && name == other.name && source.brokers == other.source.brokers && source.topics == other.source.topics
            && source.group == other.source.group && source.groupInstance == other.source.groupInstance
            && source.properties == other.source.properties
            && source.start == other.source.start && source.format == other.source.format
            && source.registry == other.source.registry
            && sink.postgres == other.sink.postgres && sink.kafka == other.sink.kafka
            && sink.maximumOutboxRows == other.sink.maximumOutboxRows && rejected == other.rejected
    }
}
