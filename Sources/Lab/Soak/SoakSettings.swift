/// The arguments of `lorikeet soak`.
public struct SoakSettings: Sendable {
    var duration: Duration
    var seed: UInt64
    var base: String
    var brokers: String?
    var breakBroker: String?
    var topic: String
    /// Where the labels are published; an external broker must have it or create it on demand.
    var outputTopic: String { topic + "-labels" }
    var database: String?
    var logs: String?

    /// - Parameters:
    ///   - duration: how long messages are produced and faults injected.
    ///   - seed: decides which faults come when.
    ///   - base: the folder of the base.
    ///   - brokers: an external broker's `bootstrap.servers`; nil starts an embedded one.
    ///   - breakBroker: a shell command that breaks the external broker when `break` is appended, and repairs it when
    ///     `mend` is appended.
    ///   - topic: the topic, which an external broker must have or create on demand.
    ///   - database: the connection string of an external database; nil starts a private PostgreSQL.
    ///   - logs: where the daemons' logs are kept; nil keeps them only after a failure.
    public init(
        duration: Duration, seed: UInt64, base: String, brokers: String? = nil, breakBroker: String? = nil,
        topic: String, database: String? = nil, logs: String? = nil
    ) {
        self.duration = duration
        self.seed = seed
        self.base = base
        self.brokers = brokers
        self.breakBroker = breakBroker
        self.topic = topic
        self.database = database
        self.logs = logs
    }

    /// Partitions of the embedded broker's topic.
    let partitions = 4
    let daemons = 2
    /// Messages that may be produced and not stored yet: the embedded broker drops what exceeds 5 MiB per partition.
    let maximumLag = 4000
}
