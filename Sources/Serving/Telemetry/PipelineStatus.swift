/// What a serving pipeline is doing.
public enum PipelineState: String, Sendable {
    /// Not begun, or not connected yet.
    case starting
    /// Waits for the consumer group's first assignment.
    case joining
    case running
    /// Alive, but cannot go on until something outside comes back.
    case waiting
    case draining
    case stopped
}

/// A serving pipeline as its operator sees it.
public struct PipelineStatus: Sendable {
    public var pipeline: String
    public var state: PipelineState
    /// What is waited for, in words: `a live adapter for role`, `PostgreSQL: connection refused`.
    public var waitingFor: String?
    /// The group that it joins, until that has given an assignment, be it an empty one.
    public var joining: Joining?
    /// Whether the source is paused, by back-pressure or because the sink is away.
    public var isPaused: Bool
    /// Partitions assigned at present.
    public var partitions: Int
    /// Totals since the start.
    public var received: Int
    public var labelled: Int
    public var rejected: Int
    public var dropped: Int
    /// Messages that ended (stored, rejected, dropped) a second, over the last ten seconds.
    public var messagesPerSecond: Double
    /// Taken in, not stored yet.
    public var inFlight: Int
    public var inFlightBytes: Int
    /// Messages waiting in the topic behind what was taken in.
    public var lag: Int64
    /// Mean share of the token budget that recent batches used, 0 to 1.
    public var batchFill: Double

    /// Whether texts can flow now.
    public var isReady: Bool { state == .running }

    /// A consumer group that has not said yet which partitions are ours.
    public struct Joining: Sendable, Equatable, CustomStringConvertible {
        public var group: String
        public var elapsed: Duration

        public var description: String { "group \(group) for \(elapsed.components.seconds) s" }
    }
}

/// What a worker is doing, for the watchdog.
public struct WorkerHeartbeat: Sendable {
    public var worker: Int
    /// How long the worker has been at its present batch; `nil` when it has none.
    public var busyFor: Duration?
    /// How long ago it last began or finished a batch; `nil` before its first.
    public var sinceProgress: Duration?
    /// Batches finished since the start.
    public var batches: Int
}
