/// What a serving pipeline is doing.
public enum PipelineState: String, Sendable {
    /// Not running yet.
    case starting
    /// Waits for the consumer group's first assignment.
    case joining
    /// Texts can flow.
    case running
    /// A dependency is unavailable, and the pipeline retries.
    case waiting
    /// Finishes what is in flight and receives nothing more.
    case draining
    /// Ended.
    case stopped
}

/// A serving pipeline as its operator sees it.
public struct PipelineStatus: Sendable {
    /// The pipeline's name.
    public var pipeline: String
    /// What it is doing.
    public var state: PipelineState
    /// Why each unavailable dependency is, joined by `; `: `a live adapter for role`, `PostgreSQL: connection refused`.
    public var waitingFor: String?
    /// The group that it joins, until the first assignment, which may be empty.
    public var joining: Joining?
    /// Whether back-pressure has paused the source.
    public var isPaused: Bool
    /// Partitions assigned now.
    public var partitions: Int
    /// Messages received since the start.
    public var received: Int
    /// Messages stored with labels since the start.
    public var labelled: Int
    /// Messages stored as rejected since the start.
    public var rejected: Int
    /// Messages dropped since the start.
    public var dropped: Int
    /// Messages settled per second, over the last ten seconds.
    public var messagesPerSecond: Double
    /// Messages received and not settled yet.
    public var inFlight: Int
    /// Bytes of the messages in flight.
    public var inFlightBytes: Int
    /// Messages of the assigned partitions that are not read yet.
    public var lag: Int64
    /// Mean share of the token budget that recent batches used, from 0 to 1.
    public var batchFill: Double
    /// What waits to be published; nil if the pipeline publishes nothing, or before the first measurement.
    public var outbox: OutboxStatus?

    /// Failed attempts at what the pipeline depends on, since the start.
    public var retries = 0
    /// From the timestamp of a record until it is stored, over the last minute; nil if nothing was stored.
    public var latencySinceProduced: LatencyQuantiles?
    /// From the poll that delivered a record until it is stored, over the last minute; nil if nothing was stored.
    public var latencySinceReceived: LatencyQuantiles?
    /// What the tasks answered of late, sorted by name; none before the first text.
    public var tasks: [TaskAnswers] = []
    /// What the pipeline depends on: adapters, source and sink; registry and publisher where it has them.
    public var dependencies: [DependencyStatus] = []

    /// Whether texts can flow now.
    public var isReady: Bool { state == .running }

    /// A consumer group that has not assigned partitions yet.
    public struct Joining: Sendable, Equatable, CustomStringConvertible {
        /// The group's name.
        public var group: String
        /// Since the subscription.
        public var elapsed: Duration

        /// Group and whole seconds.
        public var description: String { "group \(group) for \(elapsed.components.seconds) s" }
    }
}

/// Something that a pipeline depends on.
public struct DependencyStatus: Sendable, Equatable {
    /// The word of log lines and metrics: `adapters`, `source`, `sink`, `registry` or `publisher`.
    public var name: String
    /// Why it is unavailable; nil while it is available.
    public var reason: String?

    /// - Parameters: as the properties.
    public init(name: String, reason: String? = nil) { (self.name, self.reason) = (name, reason) }
}

/// What waits to be published.
public struct OutboxStatus: Sendable, Equatable {
    /// How much.
    public var depth: OutboxDepth
    /// Why it waits; nil while it is published.
    public var obstacle: String?

    /// - Parameters: as the properties.
    public init(depth: OutboxDepth, obstacle: String? = nil) { (self.depth, self.obstacle) = (depth, obstacle) }
}

/// What a worker is doing, for the watchdog.
public struct WorkerHeartbeat: Sendable {
    /// From 0.
    public var worker: Int
    /// Time since it took its present batch; `nil` if it has none.
    public var busyFor: Duration?
    /// Batches finished since the start.
    public var batches: Int
}
