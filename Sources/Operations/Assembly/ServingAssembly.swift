import AdapterRegistry
import Connectors
import Logging
import Pipelines
import Serving
import WordPiece

extension PipelineConfiguration {
    /// - Parameter drainTimeout: of the whole daemon; the way gets most of it.
    public func liveWaySettings(drainTimeout: Duration) -> ServingSettings {
        var settings = ServingSettings(pipeline: name)
        settings.batchTokens = batch.tokens
        settings.batchDelay = batch.delay
        // The plan of the way knows the base, and lowers it to the positions.
        settings.maxTokens = batch.maxTokens(positions: .max)
        settings.unrouted = unrouted
        settings.storeText = sink.storeText
        settings.drainPatience = drainTimeout * 0.8
        settings.revocationPatience = min(settings.revocationPatience, settings.drainPatience)
        return settings
    }

    public var taskDefinitions: [TaskDefinition] {
        tasks.map { TaskDefinition(name: $0.name, labels: $0.labels, abstention: $0.abstention) }
    }

    public var router: Router { Router(routes: routes.map { Route(conditions: $0.conditions, tasks: $0.tasks) }) }

    public var extractor: TextExtractor { source.text.map(TextExtractor.pointer) ?? .wholeMessage }

    var kafkaSettings: KafkaSourceSettings {
        KafkaSourceSettings(
            brokers: source.brokers, topics: source.topics, group: source.group,
            properties: source.properties.mapValues(\.value))
    }

    /// The serving path of this pipeline, over Kafka (or another source) and PostgreSQL; not running yet.
    public func makeServingPipeline(
        source: (any TextSource)? = nil, tokenizer: WordPieceTokenizer, liveAdapters: LiveAdapters, workers: WorkerPool,
        drainTimeout: Duration, logger: Logger
    ) -> ServingPipeline {
        var logger = logger
        logger[metadataKey: "pipeline"] = "\(name)"
        let database = PostgresSettings(dsn: sink.postgres.value, applicationName: "lorikeet \(name)")
        return ServingPipeline(
            settings: liveWaySettings(drainTimeout: drainTimeout), tasks: taskDefinitions, router: router,
            extractor: extractor, source: source ?? KafkaTextSource(kafkaSettings, logger: logger),
            sink: PostgresLabelSink(database, pipeline: name, logger: logger), tokenizer: tokenizer,
            liveAdapters: liveAdapters, workers: workers, logger: logger)
    }

    /// Whether `other` differs only in what a running way can take over.
    public func canBecome(_ other: PipelineConfiguration) -> Bool {
        name == other.name && source.brokers == other.source.brokers && source.topics == other.source.topics
            && source.group == other.source.group && source.properties == other.source.properties
            && sink.postgres == other.sink.postgres
    }
}
