import Threading

/// What happens to a message that no route wants.
public enum UnroutedPolicy: String, Sendable, CaseIterable {
    case reject
    case drop
}

/// A task of a pipeline.
public struct TaskDefinition: Sendable, Equatable {
    public var name: String
    /// The labels it is meant to have; empty accepts those of its adapter.
    public var labels: [String]
    /// When the daemon abstains; nil: never.
    public var abstention: Abstention?

    public init(name: String, labels: [String] = [], abstention: Abstention? = nil) {
        self.name = name
        self.labels = labels
        self.abstention = abstention
    }
}

/// The figures of one serving path.
public struct ServingSettings: Sendable, Equatable {
    /// Name of the pipeline.
    public var pipeline: String
    /// Tokens that fill a batch of one worker.
    public var batchTokens = 512
    /// How old the oldest text of a batch may grow before the batch goes as it is.
    public var batchDelay = Duration.milliseconds(20)
    /// Longer texts are cut to so many tokens, `[CLS]` and `[SEP]` included.
    public var maxTokens = 256
    /// Messages taken in and not stored yet; above, the source pauses until half of them are stored.
    public var maximumInFlight = 4096
    /// Bytes of messages taken in and not stored yet; above, the source pauses likewise.
    public var maximumInFlightBytes = 64 << 20
    /// A message with more payload bytes is rejected unread.
    public var maximumMessageBytes = 1 << 20
    /// Messages that one transaction stores at most.
    public var maximumStored = 2048
    public var unrouted = UnroutedPolicy.reject
    /// Whether the text is stored beside its labels.
    public var storeText = true
    /// How long revoked partitions wait for what is in flight of them.
    public var revocationPatience = Duration.seconds(5)
    /// How long a drain waits for what is in flight.
    public var drainPatience = Duration.seconds(8)
    /// Offsets are committed at most this often, and always before a partition is given up.
    public var commitInterval = Duration.milliseconds(250)
    /// Waits between attempts at a sink or source that is away.
    public var backoff = BackoffSettings()

    public init(pipeline: String) {
        self.pipeline = pipeline
    }
}
