import AdapterRegistry
import BERT
import JSON
import Serving

/// One pipeline file, read and checked: what it says, with every default filled in.
///
/// `PipelineFile.read` makes it. Lists keep the order of the file, so that errors and logs follow it.
public struct PipelineConfiguration: Sendable, Equatable {
    /// The pipeline file as the user named it.
    public var file: String
    /// `name`: unique among the files of one daemon; column `pipeline` of every row.
    public var name: String
    /// `base`: the folder of the base model, resolved (`PathResolution`).
    public var base: String
    /// `dtype`: the type in which the base computes.
    public var dtype: PrecisionSetting
    /// `source`.
    public var source: SourceConfiguration
    /// `routes`: every match counts. Without the key: all tasks, always.
    public var routes: [RouteConfiguration]
    /// `unrouted`: what happens to a record that no route matches.
    public var unrouted: UnroutedPolicy
    /// `tasks`, in the order of the file.
    public var tasks: [TaskConfiguration]
    /// `batch`.
    public var batch: BatchConfiguration
    /// `sink`.
    public var sink: SinkConfiguration
    /// `rejected`.
    public var rejected = RejectedConfiguration()
    /// `retention`: how long rows are kept.
    public var retention = RetentionPolicy()
    /// `retrain`; nil: the daemon never retrains by itself.
    public var retrain: RetrainConfiguration?
    /// `examples`, run by `lorikeet test`.
    public var examples: [ExampleConfiguration]
    /// The place of every key that the file has, by its path, such as `tasks.role.adapter`.
    public var positions: [String: TextPosition]
    /// SHA-256 of the file; nil if it was not read from one.
    public var digest: String?

    /// Without anything: what cannot be read of a file is left so. Never the pipeline of a daemon.
    init(unreadable file: String) {
        (self.file, name, base, dtype) = (file, "", "", PipelineKeys.dtype.fallback)
        source = SourceConfiguration(brokers: "", topics: [], group: "", properties: [:], text: [])
        (routes, unrouted, tasks) = ([], PipelineKeys.unrouted.fallback, [])
        (batch, sink) = (BatchConfiguration(), SinkConfiguration(postgres: Secret(""), storeText: true))
        (examples, positions) = ([], [:])
    }

    /// A problem at a key that was found after reading, such as a folder that holds no base.
    public func problem(at key: String, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(file: file, at: positions[key], key: key, message: message)
    }

    /// The task of that name.
    public func task(_ name: String) -> TaskConfiguration? { tasks.first { $0.name == name } }
}

/// `source`: where records come from, and which part of a record is the text.
public struct SourceConfiguration: Sendable, Equatable {
    /// `kafka.brokers`: `host:port`, separated by commas.
    public var brokers: String
    /// `kafka.topics`.
    public var topics: [String]
    /// `kafka.group`: the consumer group; several daemons in one group share the partitions.
    public var group: String
    /// `kafka.group_instance`; nil: static where there is a state directory.
    public var groupInstance: GroupInstance?
    /// `kafka.properties`: passed to librdkafka as they are; may hold passwords.
    public var properties: [String: Secret]
    /// `start`: where a new group begins.
    public var start = SourceStart.earliest
    /// `format`: what the payload is; nil: text, or JSON where `text` is given.
    public var format: RecordFormat?
    /// `schema_registry`.
    public var registry: SchemaRegistryConfiguration?
    /// `text`: JSON Pointers (RFC 6901) to the text; empty: the payload is the text.
    public var text: [JSONPointer]
    /// `key`: JSON Pointer to the message's key; nil: the record's own key.
    public var key: JSONPointer?
    /// `strip`: what is taken out of the text.
    public var strip: TextMarkup?
    /// `null_payload`: what happens to a record without a payload.
    public var nullPayload = NullPayloadPolicy.reject
}

/// `source.kafka.group_instance`: what a restarted daemon is to its consumer group.
public enum GroupInstance: String, Sendable, CaseIterable {
    /// The same member: the group keeps its partitions until the session ends.
    case `static`
    /// Another member.
    case dynamic
}

/// `source.schema_registry`.
public struct SchemaRegistryConfiguration: Sendable, Equatable {
    /// `url`: without credentials.
    public var url: String
    /// `username`.
    public var username: Secret?
    /// `password`.
    public var password: Secret?
    /// `ca`: a file, resolved.
    public var certificates: String?
    /// `cache`: schemas kept in memory.
    public var cache = RegistryKeys.cache.fallback
}

/// One entry of `routes`: records for which every condition of `when` holds go to `tasks`.
public struct RouteConfiguration: Sendable, Equatable {
    /// `when`; empty: always.
    public var conditions: [RouteCondition]
    /// `tasks`.
    public var tasks: [String]
    /// The line of the entry.
    public var line: Int
}

/// One entry of `tasks`.
public struct TaskConfiguration: Sendable, Equatable {
    /// The key of the entry; one name is one task in the whole database.
    public var name: String
    /// `labels`, in the file's order.
    public var labels: [String]
    /// `multi_label`: whether a text has a set of labels; nil: as the adapter has it.
    public var isMultiLabel: Bool?
    /// `abstain_below`: when a text is stored without label; nil: never.
    public var abstention: Abstention?
    /// `none_of_these`: when a text is too far from every label to get one; nil: never.
    public var noneOfThese: NoneOfThese?
    /// `long_texts`: how texts are read that are longer than a window; nil: they are cut.
    public var longTexts: LongTexts?
    /// `adapter`: the folder of the first adapter, resolved; used as long as the registry has no live one.
    public var adapter: String?
    /// `rename`, `merge` and `retire`: what became of labels that the task once had.
    public var mapping = LabelMapping()
    /// The line of the entry.
    public var line: Int

    /// The names of its adapter's labels where the adapter's folder has none: in the order of the head's rows.
    public var labelNames: LabelNames {
        LabelNames(source: "tasks.\(name).labels", labels: labels, isMultiLabel: isMultiLabel)
    }

    /// What its adapter must be like.
    public var form: AdapterRequirements {
        AdapterRequirements(labels: labels, isMultiLabel: isMultiLabel, mapping: mapping)
    }
}

/// `sink`.
public struct SinkConfiguration: Sendable, Equatable {
    /// `postgres`: a libpq connection string; may hold a password.
    public var postgres: Secret
    /// `postgres_direct`: the same database without a pooler in between, for notifications; nil: only polling.
    public var postgresDirect: Secret?
    /// `store_text`: whether rows of `labels` keep the text.
    public var storeText: Bool
    /// `kafka`: where labels are published beside the database; nil: nowhere.
    public var kafka: KafkaSinkConfiguration?
    /// `maximum_outbox_rows`: how many records may wait to be published.
    public var maximumOutboxRows = SinkKeys.maximumOutboxRows.fallback
}

/// `sink.kafka`: labels as records of a topic.
public struct KafkaSinkConfiguration: Sendable, Equatable {
    /// `topic`.
    public var topic: String
    /// `key` of the records.
    public var key: PublishedKey
    /// `tasks`: whose labels are published; nil: those of all tasks.
    public var tasks: [String]?
    /// `brokers`; nil: those of the source.
    public var brokers: String?
    /// `properties`: passed to librdkafka as they are; may hold passwords.
    public var properties: [String: Secret]
}

/// `sink.kafka.format`: how a value is written. There is one way yet.
public enum KafkaSinkFormat: String, Sendable, CaseIterable {
    /// One JSON object per record.
    case json
}

/// `rejected`.
public struct RejectedConfiguration: Sendable, Equatable {
    /// `kafka.topic`: where rejected records are published; nil: nowhere.
    public var topic: String?
}

/// One entry of `examples`.
public struct ExampleConfiguration: Sendable, Equatable {
    /// `text`.
    public var text: String
    /// `task`.
    public var task: String
    /// `label`, or `labels` of a multi-label task.
    public var labels: [String]
    /// The line of the entry.
    public var line: Int
}
