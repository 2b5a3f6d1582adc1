import FoundationEssentials

/// What a daemon is doing, as `/status` on its socket says.
///
/// Everything is optional: a daemon of another version may say less or more, and `/metrics` has only a part. What is
/// nil is not known.
public struct DaemonStatus: Sendable, Equatable, Codable {
    /// Of the program.
    public var version: String?
    /// Of the daemon.
    public var processId: Int?
    /// When the daemon said so.
    public var at: Date?
    /// When the daemon started.
    public var startedAt: Date?
    /// Threads that classify.
    public var workers: Int?
    /// Digest of the base.
    public var base: String?
    /// The type in which the base computes.
    public var dtype: String?
    /// The names of the kernels.
    public var kernels: String?
    /// In the order of the files on the command line.
    public var pipelines: [Pipeline]?

    /// Nothing is known.
    public init() {}
}

extension DaemonStatus {
    /// A pipeline.
    public struct Pipeline: Sendable, Equatable, Codable {
        /// From its file.
        public var name: String
        /// `starting`, `joining`, `running`, `waiting`, `draining` or `stopped`.
        public var state: String?
        /// What it waits for, with the reason.
        public var waitingFor: String?
        /// The consumer group that has not assigned partitions yet, and for how long.
        public var joining: String?
        /// Whether back-pressure has paused the source.
        public var paused: Bool?
        /// Partitions assigned now.
        public var partitions: Int?
        /// Records settled per second, over the last ten seconds.
        public var recordsPerSecond: Double?
        /// Records that are not read yet.
        public var lag: Int?
        /// Records received and not settled yet.
        public var inFlight: Int?
        /// Bytes of the records in flight.
        public var inFlightBytes: Int?
        /// Mean share of the token budget that recent batches used.
        public var batchFill: Double?
        /// From the timestamp of a record until it is stored.
        public var latencySinceProduced: Latency?
        /// From receiving a record until it is stored.
        public var latencySinceReceived: Latency?
        /// Records received since the start.
        public var received: Int?
        /// Records stored with labels since the start.
        public var labelled: Int?
        /// Records stored as rejected since the start.
        public var rejected: Int?
        /// Records dropped since the start.
        public var dropped: Int?
        /// Failed attempts at what the pipeline depends on, since the start.
        public var retries: Int?
        /// Nil also if the pipeline publishes nothing.
        public var outbox: Outbox?
        /// Sorted by name.
        public var tasks: [PipelineTask]?

        /// Only the name is known.
        public init(name: String) { self.name = name }
    }

    /// Quantiles of a latency, in seconds.
    public struct Latency: Sendable, Equatable, Codable {
        /// The median.
        public var p50: Double?
        /// The 99th percentile.
        public var p99: Double?

        /// - Parameters: as the properties.
        public init(p50: Double?, p99: Double?) { (self.p50, self.p99) = (p50, p99) }
    }

    /// What is stored and not published yet.
    public struct Outbox: Sendable, Equatable, Codable {
        /// Records.
        public var records: Int?
        /// Seconds since the oldest was stored.
        public var oldestAge: Double?
        /// Why nothing is published; nil while it is.
        public var waitingFor: String?

        /// - Parameters: as the properties.
        public init(records: Int?, oldestAge: Double?, waitingFor: String? = nil) {
            (self.records, self.oldestAge, self.waitingFor) = (records, oldestAge, waitingFor)
        }
    }

    /// A task of a pipeline.
    public struct PipelineTask: Sendable, Equatable, Codable {
        /// From the pipeline file.
        public var name: String
        /// The texts that the figures rest on: the newest 1,000, or from `/metrics` all since the start.
        public var texts: Int?
        /// The most frequent label first.
        public var labels: [LabelShare]?
        /// Mean score of the best label.
        public var confidence: Double?
        /// Share of the texts that got no label.
        public var abstained: Double?
        /// The live adapter; nil also if there is none.
        public var adapter: LiveVersion?
        /// What is known of its texts.
        public var drift: Drift?
        /// Nil also if the pipeline file has no `retrain`.
        public var retraining: Retraining?

        /// Only the name is known.
        public init(name: String) { self.name = name }
    }

    /// How often a label was given.
    public struct LabelShare: Sendable, Equatable, Codable {
        /// The label.
        public var label: String
        /// Of the texts of the task, from 0 to 1.
        public var share: Double

        /// - Parameters: as the properties.
        public init(label: String, share: Double) { (self.label, self.share) = (label, share) }
    }

    /// The adapter in use.
    public struct LiveVersion: Sendable, Equatable, Codable {
        /// The number within the task.
        public var version: Int?
        /// Identifies the adapter.
        public var digest: String?
        /// When it went live.
        public var promotedAt: Date?
        /// The challenger that labels beside it.
        public var shadowVersion: Int?

        /// - Parameters: as the properties.
        public init(version: Int?, digest: String?, promotedAt: Date? = nil, shadowVersion: Int? = nil) {
            (self.version, self.digest) = (version, digest)
            (self.promotedAt, self.shadowVersion) = (promotedAt, shadowVersion)
        }
    }

    /// How the texts compare with those at the promotion of the adapter.
    public struct Drift: Sendable, Equatable, Codable {
        /// A population stability index.
        public struct Signal: Sendable, Equatable, Codable {
            /// Such as `confidence`.
            public var signal: String
            /// 0.2 and more may alarm.
            public var index: Double

            /// - Parameters: as the properties.
            public init(signal: String, index: Double) { (self.signal, self.index) = (signal, index) }
        }

        /// Whether the texts differ.
        public var alarm: Bool?
        /// The signals that alarm, or from `/metrics` none.
        public var alarming: [String]?
        /// The greatest index first.
        public var signals: [Signal]?
        /// Estimated from the scores of the last 500 texts.
        public var estimatedAccuracy: Double?

        /// Nothing is known.
        public init() {}
    }

    /// The retraining of a task.
    public struct Retraining: Sendable, Equatable, Codable {
        /// Labelled rows since the last retraining.
        public var newRows: Int?
        /// New rows that start a retraining.
        public var minimumNewRows: Int?
        /// Whether the pipeline file pauses it.
        public var paused: Bool?
        /// Since when this daemon runs one; nil: it runs none.
        public var runningSince: Date?
        /// The last one, whoever started it; nil also if there was none.
        public var last: Run?

        /// Nothing is known.
        public init() {}

        /// One retraining.
        public struct Run: Sendable, Equatable, Codable {
            /// When it began.
            public var startedAt: Date?
            /// Nil while it runs, or if its process was killed.
            public var finishedAt: Date?
            /// What started it, such as `rows` or `command`.
            public var trigger: String?
            /// Such as `promoted`; nil while it runs.
            public var verdict: String?
            /// For a person.
            public var reason: String?

            /// Nothing is known.
            public init() {}
        }
    }
}
