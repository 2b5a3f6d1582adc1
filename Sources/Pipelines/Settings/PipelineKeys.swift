import BERT
import JSON
import Serving

/// The keys of a pipeline file, but for those of `retrain` (``RetrainKeys``).
enum PipelineKeys {
    static let name = Setting(
        "name", .name, required: "the pipeline's name, in every row that it writes",
        "name of the pipeline; column `pipeline` of every row",
        examples: ["tickets"])
    static let base = Setting(
        "base", .folder, required: "the folder of the base model",
        "folder of the base: BERT or DistilBERT in Hugging Face layout. All pipelines of a daemon use the same base",
        examples: ["models/all-MiniLM-L6-v2"])
    static let dtype = DefaultedSetting(
        "dtype", .choice, default: PrecisionSetting.fixed(.float32),
        "type in which the base computes; adapters are always float32. All pipelines of a daemon use the same type")
    static let source = SettingDeclaration(
        "source", SourceKeys.section.schema, "mapping", absence: .error("where texts come from"),
        "where records come from, and which part of a record is the text")
    static let routes = SettingDeclaration(
        "routes", .list(of: RouteKeys.section.schema, atLeast: 1), "list",
        absence: .meaning("every record goes to all tasks"),
        "which tasks label which records; a record goes to the tasks of all routes that match",
        examples: ["[{ when: { json: { /kind: ticket } }, tasks: [urgency] }]"])
    static let unrouted = DefaultedSetting(
        "unrouted", .choice, default: UnroutedPolicy.reject, "what happens to a record that no route matches")
    static let tasks = SettingDeclaration(
        "tasks", .mapping(to: TaskKeys.section.schema, atLeast: 1), "mapping of names to tasks",
        absence: .error("the tasks and their labels"), "tasks by name",
        examples: ["{ urgency: { labels: [low, normal, high], adapter: adapters/urgency } }"])
    static let batch = SettingDeclaration(
        "batch", BatchKeys.section.schema, "mapping", absence: .meaning("the defaults of its keys"),
        "how texts are batched")
    static let sink = SettingDeclaration(
        "sink", SinkKeys.section.schema, "mapping", absence: .error("where labels go"),
        "the database, and a topic where the labels are published")
    static let rejected = SettingDeclaration(
        "rejected", RejectedKeys.section.schema, "mapping", absence: .meaning("only the table `rejected`"),
        "where rejected records go besides the table `rejected`")
    static let retention = SettingDeclaration(
        "retention", RetentionKeys.section.schema, "mapping", absence: .meaning("every row is kept"),
        "how long the rows of this pipeline are kept")
    static let retrain = SettingDeclaration(
        "retrain", RetrainKeys.section.schema, "mapping", absence: .meaning("the daemon never retrains"),
        "when the daemon retrains a task, and how")
    static let examples = SettingDeclaration(
        "examples", .list(of: ExampleKeys.section.schema), "list", absence: .meaning("none"),
        "texts with the labels that `lorikeet test` expects",
        examples: ["[{ text: the whole site is down, task: urgency, label: high }]"])

    static let section = SettingSection(
        "",
        [
            name.declaration, base.declaration, dtype.declaration, source, routes, unrouted.declaration, tasks, batch,
            sink, rejected, retention, retrain, examples,
        ])

    /// Every mapping of the file.
    static let sections = [
        section, SourceKeys.section, KafkaKeys.section, RegistryKeys.section, RouteKeys.section,
        ConditionKeys.section, TaskKeys.section, AbstentionKeys.section, NoneOfTheseKeys.section, LongTextKeys.section,
        BatchKeys.section, SinkKeys.section, KafkaSinkKeys.section, RejectedKeys.section, RejectedKafkaKeys.section,
        RetentionKeys.section, RetrainKeys.section, GateKeys.section, DistillationKeys.section, ExampleKeys.section,
    ]
}

/// `source`.
enum SourceKeys {
    static let kafka = SettingDeclaration(
        "kafka", KafkaKeys.section.schema, "mapping", absence: .error("brokers, topics and group"),
        "brokers, topics and consumer group")
    static let start = SettingDeclaration(
        "start", .string(matching: "^(earliest|latest|[0-9]{4}-.*)$"), "`earliest`, `latest`, date or time",
        absence: .value(.string("earliest")),
        "where a consumer group begins in topics that are new to it, as in `2026-01-31T06:00:00Z`",
        examples: ["latest", "2026-01-31T06:00:00Z"])
    static let format = Setting<RecordFormat>(
        "format", .choice, absent: "text, or JSON if `text` is given",
        "what the record's value is; `auto` asks the schema registry, and takes a record without a schema as text or "
            + "JSON")
    static let schemaRegistry = SettingDeclaration(
        "schema_registry", RegistryKeys.section.schema, "mapping",
        absence: .meaning("none; records that have a schema are rejected"),
        "the schema registry of the topics, for `format: auto` and `format: avro`")
    static let protobuf = SettingDeclaration(
        "protobuf", .object([("not", .object([]))]), "not supported", absence: .meaning("none"),
        "refused: Protobuf is not read")
    static let text = SettingDeclaration(
        "text", .either(.pointer, .list(of: .pointer, atLeast: 1, areDistinct: true)),
        "JSON Pointer, or list of them", absence: .meaning("the record's value is the text"),
        "where the text is in a record whose value is JSON or Avro; several texts, and the strings of an array, are "
            + "joined",
        examples: ["/body", "[/subject, /body]"])
    static let key = SettingDeclaration(
        "key", .pointer, "JSON Pointer", absence: .meaning("the key of the Kafka record"),
        "where the key is in a record whose value is JSON or Avro; `messages.message_key`, `lorikeet forget --key`, "
            + "`key_prefix` of routes and `sink.kafka.key: message` then mean this key",
        examples: ["/customer/id"])
    static let strip = Setting<TextMarkup>(
        "strip", .choice, absent: "the text as it is", "what is taken out of the text before it is labelled")
    static let nullPayload = DefaultedSetting(
        "null_payload", .choice, default: NullPayloadPolicy.reject,
        "what happens to a record without a value, such as a tombstone")

    static let section = SettingSection(
        "source",
        [
            kafka, start, format.declaration, schemaRegistry, protobuf, text, key, strip.declaration,
            nullPayload.declaration,
        ])
}

/// `source.schema_registry`.
enum RegistryKeys {
    static let url = Setting(
        "url", .httpAddress, required: "the address of the schema registry",
        "address of the registry, with http or https and without user and password",
        examples: [#""${SCHEMA_REGISTRY:-http://localhost:8081}""#])
    static let username = Setting(
        "username", .secret("a user name"), absent: "none", "user of basic authentication",
        examples: [#""${credential:registry-user}""#])
    static let password = Setting(
        "password", .secret("a password"), absent: "none", "password of basic authentication",
        examples: [#""${credential:registry-password}""#])
    static let certificates = Setting(
        "ca", .file, absent: "those of the system", "file of certificates in PEM that the registry's must come from",
        examples: ["/etc/ssl/registry.pem"])
    static let cache = DefaultedSetting(
        "cache", .integer(1...100_000), default: 1000, "how many schemas are kept in memory")

    static let section = SettingSection(
        "source.schema_registry",
        [url.declaration, username.declaration, password.declaration, certificates.declaration, cache.declaration])
}

/// `source.kafka`.
enum KafkaKeys {
    static let brokers = Setting(
        "brokers", .text("host:port"), required: "host:port of a broker, several with commas",
        "`host:port` of a broker, or several separated by commas",
        examples: [#""${KAFKA_BROKERS:-localhost:9092}""#, #""kafka-1:9092,kafka-2:9092""#])
    static let topics = SettingDeclaration(
        "topics", .list(of: .scalar, atLeast: 1, areDistinct: true), "list", absence: .error("a list of topics"),
        "topics to read: names, and regular expressions that begin with `^`",
        examples: ["[tickets]", #"["^tickets-.*"]"#])
    static let group = Setting(
        "group", .text("the name of a consumer group"), required: "the consumer group",
        "consumer group; daemons of one group share the partitions",
        examples: ["lorikeet-tickets"])
    static let groupInstance = Setting<GroupInstance>(
        "group_instance", .choice, absent: "`static` where systemd gives a state directory, else `dynamic`",
        "whether a restarted daemon is the same member of the group and gets its partitions without waiting for the "
            + "session timeout, or is a new one")
    static let properties = SettingDeclaration(
        "properties", .mapping(to: .scalar), "mapping", absence: .meaning("none"),
        "consumer properties of librdkafka: TLS, SASL, `session.timeout.ms`, …",
        examples: ["{ security.protocol: SASL_SSL, sasl.mechanism: SCRAM-SHA-512 }"])

    static let section = SettingSection(
        "source.kafka",
        [brokers.declaration, topics, group.declaration, groupInstance.declaration, properties])
}

/// An entry of `routes`.
enum RouteKeys {
    static let when = SettingDeclaration(
        "when", ConditionKeys.section.schema, "mapping", absence: .meaning("matches always"),
        "conditions; all must hold",
        examples: ["{ json: { /kind: ticket }, header: { lang: en } }"])
    static let tasks = SettingDeclaration(
        "tasks", .list(of: .scalar, atLeast: 1), "list", absence: .error("a list of tasks"),
        "tasks that label the text",
        examples: ["[urgency]"])

    static let section = SettingSection("routes[]", [when, tasks])
}

/// `when` of a route.
enum ConditionKeys {
    static let topic = Setting(
        "topic", .text("a topic"), absent: "any", "name of the topic",
        examples: ["tickets"])
    static let header = SettingDeclaration(
        "header", .mapping(to: .scalarOrNothing), "mapping of names to values", absence: .meaning("any"),
        "headers that the record must have, with their values; null stands for any value",
        examples: ["{ lang: en }"])
    static let keyPrefix = Setting(
        "key_prefix", .text("the start of a key"), absent: "any", "beginning of the record's key",
        examples: ["customer-"])
    static let json = SettingDeclaration(
        "json", .mapping(to: .scalarOrNothing, keys: "^(/.*)?$"), "mapping of JSON Pointers to values",
        absence: .meaning("any"),
        "fields that the record must have, as in `{ /kind: program }`; null stands for any value",
        examples: ["{ /kind: ticket }"])

    static let section = SettingSection(
        "routes[].when", [topic.declaration, header, keyPrefix.declaration, json])
}

/// An entry of `tasks`.
enum TaskKeys {
    static let labels = SettingDeclaration(
        "labels", .list(of: .scalar, atLeast: 2, areDistinct: true), "list of 2 or more",
        absence: .error("a list of labels"),
        "labels of the task, the same as the adapter's; in the order of the head if the folder does not name them",
        examples: ["[low, normal, high]"])
    static let adapter = Setting(
        "adapter", .folder, absent: "the store's live adapter",
        "folder of the first adapter; published as the live one if the adapter store has none",
        examples: ["adapters/urgency"])
    static let multiLabel = Setting(
        "multi_label", .flag, absent: "as the adapter has it",
        "whether the task gives each text a set of labels (column `labels`); must agree with the adapter",
        examples: ["true"])
    static let abstainBelow = SettingDeclaration(
        "abstain_below", .either(.numberOrText(AbstentionKeys.scores), AbstentionKeys.section.schema),
        "0 to 1, or a mapping", absence: .meaning("never"),
        "score below which the task abstains, or `{ precision: … }` for the adapter's own threshold",
        examples: ["0.5", "{ precision: 0.9 }"])
    static let noneOfThese = SettingDeclaration(
        "none_of_these", .either(.numberOrText(NoneOfTheseKeys.distances), NoneOfTheseKeys.section.schema),
        "0 to 1000, or a mapping", absence: .meaning("never"),
        "`distance` beyond which a text gets no label, or `{ false_alarms: … }` for the adapter's own threshold",
        examples: ["2.5", "{ false_alarms: 0.01 }"])
    static let longTexts = SettingDeclaration(
        "long_texts", LongTextKeys.section.schema, "mapping",
        absence: .meaning("longer texts are truncated to `batch.max_tokens`"),
        "how texts are read that are longer than a window: in overlapping windows whose scores are pooled")
    static let rename = SettingDeclaration(
        "rename", .mapping(to: .scalar), "mapping of old labels to labels", absence: .meaning("none"),
        "labels that are called otherwise now, as in `{ urgent: high }`",
        examples: ["{ urgent: high }"])
    static let merge = SettingDeclaration(
        "merge", .mapping(to: .list(of: .scalar, atLeast: 1)), "mapping of labels to lists of old labels",
        absence: .meaning("none"), "old labels that one label stands for now, as in `{ high: [urgent, critical] }`",
        examples: ["{ high: [urgent, critical] }"])
    static let retire = SettingDeclaration(
        "retire", .list(of: .scalar), "list of old labels", absence: .meaning("none"),
        "old labels that nothing stands for now; rows that have them are left out",
        examples: ["[spam]"])

    static let section = SettingSection(
        "tasks.NAME",
        [
            labels, adapter.declaration, multiLabel.declaration, abstainBelow, noneOfThese, longTexts, rename,
            merge, retire,
        ])
}

/// `abstain_below` where it names a precision.
enum AbstentionKeys {
    /// What `abstain_below` may be by itself.
    static let scores = 0.0...1.0
    static let precision = Setting(
        "precision", .number(0.5...1), required: "the share of labels that must be right",
        "share of the labels given that must be right; if no score reaches it, the task always abstains",
        examples: ["0.9"])

    static let section = SettingSection("tasks.NAME.abstain_below", [precision.declaration])
}

/// `none_of_these` where it names a share of false alarms.
enum NoneOfTheseKeys {
    /// What `none_of_these` may be by itself.
    static let distances = 0.0...1000.0
    static let falseAlarms = Setting(
        "false_alarms", .number(0.0001...0.5), required: "the share of usual texts that may get no label",
        "share of texts like those of the adapter's drift reference that may get no label because of their distance",
        examples: ["0.01"])

    static let section = SettingSection("tasks.NAME.none_of_these", [falseAlarms.declaration])
}

/// `batch`.
enum BatchKeys {
    static let tokens = DefaultedSetting(
        "tokens", .integer(16...65536), default: ServingSettings.standardBatchTokens,
        "maximum number of tokens in a batch; a worker classifies one batch at a time")
    static let delay = DefaultedSetting(
        "delay", .duration(.zero ... .seconds(60)), default: .milliseconds(20),
        "how long the first text of a batch waits for more texts")
    static let maxTokens = Setting(
        "max_tokens", .integer(8...8192),
        absent: "\(BERTConfiguration.standardMaxTokens), or fewer if the base has fewer positions",
        "maximum number of tokens of a text; longer texts are truncated",
        examples: ["128"])

    static let section = SettingSection("batch", [tokens.declaration, delay.declaration, maxTokens.declaration])
}

/// `sink`.
enum SinkKeys {
    static let postgres = Setting(
        "postgres", .connectionString, required: "a connection string such as postgresql://user@host/database",
        "connection string of libpq; may lead to PgBouncer",
        examples: [#""${DATABASE_URL}""#, "postgresql://lorikeet@localhost/texts"])
    static let postgresDirect = Setting(
        "postgres_direct", .connectionString, absent: "none",
        "the same database, but without a pooler in between, for notifications",
        examples: [#""${DATABASE_URL_DIRECT}""#])
    static let storeText = DefaultedSetting(
        "store_text", .flag, default: true,
        "whether the text is stored, once per record, in the table `messages`")

    static let kafka = SettingDeclaration(
        "kafka", KafkaSinkKeys.section.schema, "mapping", absence: .meaning("labels are not published"),
        "topic where labels are published once their rows are committed")
    static let maximumOutboxRows = DefaultedSetting(
        "maximum_outbox_rows", .integer(1...Int.max), default: OutboxDepth.standardMaximum,
        "records that may wait to be published; beyond it, nothing more is stored until some are")

    static let section = SettingSection(
        "sink",
        [
            postgres.declaration, postgresDirect.declaration, storeText.declaration, kafka,
            maximumOutboxRows.declaration,
        ])
}

/// `sink.kafka`.
enum KafkaSinkKeys {
    static let topic = Setting(
        "topic", .text("a topic"), required: "the topic where labels are published", "topic where labels are published",
        examples: ["tickets.labels"])
    static let format = DefaultedSetting(
        "format", .choice, default: KafkaSinkFormat.json, "format of the published values")
    static let key = DefaultedSetting(
        "key", .choice, default: PublishedKey.message,
        "key of a published record: that of the record that was labelled, or its origin, `topic/partition@offset`")
    static let tasks = SettingDeclaration(
        "tasks", .list(of: .scalar, atLeast: 1, areDistinct: true), "list", absence: .meaning("all tasks"),
        "tasks whose labels are published; a record without labels of them is not",
        examples: ["[urgency]"])
    static let brokers = Setting(
        "brokers", .text("host:port"), absent: "those of `source.kafka`",
        "`host:port` of a broker, or several separated by commas",
        examples: [#""kafka-1:9092,kafka-2:9092""#])
    static let properties = SettingDeclaration(
        "properties", .mapping(to: .scalar), "mapping", absence: .meaning("none"),
        "producer properties of librdkafka; without `brokers`, TLS and SASL are as in `source.kafka.properties`",
        examples: ["{ compression.type: zstd }"])

    static let section = SettingSection(
        "sink.kafka",
        [topic.declaration, format.declaration, key.declaration, tasks, brokers.declaration, properties])
}

/// `rejected`.
enum RejectedKeys {
    static let kafka = SettingDeclaration(
        "kafka", RejectedKafkaKeys.section.schema, "mapping", absence: .meaning("rejected records are not published"),
        "topic where rejected records are published")

    static let section = SettingSection("rejected", [kafka])
}

/// `rejected.kafka`.
enum RejectedKafkaKeys {
    static let topic = Setting(
        "topic", .text("a topic"), required: "the topic where rejected records are published",
        "topic where rejected records are published, with their own key and payload; brokers and properties are those "
            + "of `sink.kafka`, else of `source.kafka`",
        examples: ["tickets.rejected"])

    static let section = SettingSection("rejected.kafka", [topic.declaration])
}

/// An entry of `examples`.
enum ExampleKeys {
    static let text = Setting(
        "text", .text("a text", mayBeEmpty: true), required: "the text to classify", "the text to classify",
        examples: ["the whole site is down"])
    static let task = Setting(
        "task", .text("a task"), required: "the task that labels it", "the task that labels it",
        examples: ["urgency"])
    static let label = SettingDeclaration(
        "label", .scalar, "label", absence: .meaning("required, unless `labels` is given"), "the expected label",
        examples: ["high"])
    static let labels = SettingDeclaration(
        "labels", .list(of: .scalar), "list", absence: .meaning("required, unless `label` is given"),
        "the expected set of labels, for a multi-label task; may be empty",
        examples: ["[low, high]"])

    static let section = SettingSection("examples[]", [text.declaration, task.declaration, label, labels])
}

extension JSONValue {
    /// A JSON Pointer, or a text that is filled in.
    fileprivate static var pointer: JSONValue { .string(matching: "^/") }
}
