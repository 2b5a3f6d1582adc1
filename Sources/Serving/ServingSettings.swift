import BERT
import JSON
import Threading

/// What happens to a message that no route matches.
public enum UnroutedPolicy: String, Sendable, CaseIterable {
    /// It is stored as rejected.
    case reject
    /// It is counted and forgotten.
    case drop
}

/// A task of a pipeline.
public struct TaskDefinition: Sendable, Equatable {
    /// As routes and rows name it.
    public var name: String
    /// The labels its adapter must have; empty accepts any.
    public var labels: [String]
    /// When the daemon abstains; nil: never.
    public var abstention: Abstention?
    /// When a text is too far from everything that the adapter knows; nil: never.
    public var noneOfThese: NoneOfThese?
    /// How it reads texts that are longer than a window; nil: they are cut.
    public var longTexts: LongTexts?

    /// - Parameters: as the properties.
    public init(
        name: String, labels: [String] = [], abstention: Abstention? = nil, noneOfThese: NoneOfThese? = nil,
        longTexts: LongTexts? = nil
    ) {
        self.name = name
        self.labels = labels
        self.abstention = abstention
        self.noneOfThese = noneOfThese
        self.longTexts = longTexts
    }
}

/// The settings of one serving pipeline.
public struct ServingSettings: Sendable, Equatable {
    /// Name of the pipeline.
    public var pipeline: String
    /// Tokens that fill a batch of one worker.
    public var batchTokens = ServingSettings.standardBatchTokens
    /// How long the oldest text waits before a batch is cut that is not full.
    public var batchDelay = Duration.milliseconds(20)
    /// Longer texts are cut to this number of tokens, including `[CLS]` and `[SEP]`.
    public var maxTokens = BERTConfiguration.standardMaxTokens
    /// Messages in flight at which the source pauses, until half of them are settled.
    public var maximumInFlight = 4096
    /// Bytes of messages in flight at which the source pauses, likewise.
    public var maximumInFlightBytes = 64 << 20
    /// Tokens waiting for a worker at which the source pauses, likewise: a long text counts as all its windows.
    public var maximumWaitingTokens = 1 << 20
    /// A message with more payload bytes is rejected unread.
    public var maximumMessageBytes = 1 << 20
    /// Messages that one transaction stores at most.
    public var maximumStored = 2048
    /// What payloads are; `nil`: text, or JSON where pointers lead to the text.
    public var format: RecordFormat?
    /// Where the key of a message is in its payload; `nil`: it keeps its own.
    public var key: JSONPointer?
    /// What is taken out of a text.
    public var markup: TextMarkup?
    /// What happens to a message without a payload.
    public var nullPayload = NullPayloadPolicy.reject
    /// What happens to a message that no route matches.
    public var unrouted = UnroutedPolicy.reject
    /// Whether the text is stored with its labels.
    public var storeText = true
    /// How long a revocation waits for messages in flight.
    public var revocationPatience = Duration.seconds(5)
    /// How long a drain waits for messages in flight.
    public var drainPatience = Duration.seconds(8)
    /// The least time between two commits. Offsets are also committed before a partition is given up.
    public var commitInterval = Duration.milliseconds(250)
    /// Waits between attempts at a sink or source that is unavailable.
    public var backoff = BackoffSettings()

    /// ``batchTokens`` where nobody says otherwise.
    public static let standardBatchTokens = 512

    /// Defaults for everything else.
    public init(pipeline: String) {
        self.pipeline = pipeline
    }
}
