/// What one task says about one text.
public struct TaskLabel: Sendable {
    public let task: String
    /// `nil` where the daemon abstained, and for a multi-label task.
    public let label: String?
    /// The set of labels of a multi-label task, which may be empty; `nil` where the daemon abstained, and for other tasks.
    public let labels: [String]?
    /// Probability of the best label, also where the daemon abstained.
    public let score: Double
    /// Probability of every label, in the adapter's order.
    public let scores: [(label: String, score: Double)]
    public let abstained: Bool
    /// The adapter that said so.
    public let adapterDigest: String

    public init(
        task: String, label: String?, labels: [String]? = nil, score: Double, scores: [(label: String, score: Double)],
        abstained: Bool, adapterDigest: String
    ) {
        self.task = task
        self.label = label
        self.labels = labels
        self.score = score
        self.scores = scores
        self.abstained = abstained
        self.adapterDigest = adapterDigest
    }
}

/// A message with a label of each of its tasks: one row a task.
public struct LabelledMessage: Sendable {
    /// Keeps its payload until it is stored, because a row that the database refuses goes to `rejected` with it.
    public let message: SourceMessage
    /// The text that was read out of the message; `nil` where texts are not to be stored.
    public let text: String?
    public let labels: [TaskLabel]

    public init(message: SourceMessage, text: String?, labels: [TaskLabel]) {
        self.message = message
        self.text = text
        self.labels = labels
    }
}

/// Where a message failed.
public enum RejectionStage: String, Sendable, CaseIterable {
    /// Not UTF-8, not JSON, no payload, too large.
    case decode
    /// No text where the pointer points, or only blanks.
    case extract
    /// No route wants it.
    case route
    /// The classifier could not label it.
    case classify
    /// The database refused its rows.
    case store
}

/// A message that ends as a row in `rejected`.
public struct Rejection: Sendable {
    public let message: SourceMessage
    public let stage: RejectionStage
    /// For the metric: one of few words, such as `not-json`, or a SQLSTATE.
    public let cause: String
    /// Says what is wrong, never with a piece of the text.
    public let reason: String

    public init(message: SourceMessage, stage: RejectionStage, cause: String = "other", reason: String) {
        self.message = message
        self.stage = stage
        self.cause = cause
        self.reason = reason
    }
}

/// How a message ended.
public enum Outcome: Sendable {
    case labelled(LabelledMessage)
    case rejected(Rejection)
    /// Wanted by no route, and the pipeline drops such messages. Never reaches a sink.
    case dropped(SourceMessage)

    public var message: SourceMessage {
        switch self {
        case .labelled(let labelled): labelled.message
        case .rejected(let rejection): rejection.message
        case .dropped(let message): message
        }
    }
}

/// What a sink did with the outcomes it was given.
public struct StoreReceipt: Sendable, Equatable {
    /// Messages whose label rows were stored.
    public var labelled: Int
    /// Messages stored as rejected, those among them that the database refused included.
    public var rejected: Int
    /// Messages that came labelled and were stored as rejected, because the database refused their rows: how many by its SQLSTATE.
    public var refused: [String: Int]

    public init(labelled: Int = 0, rejected: Int = 0, refused: [String: Int] = [:]) {
        self.labelled = labelled
        self.rejected = rejected
        self.refused = refused
    }
}

/// Where labels go.
public protocol LabelSink: Sendable {
    /// Stores all outcomes in one transaction; storing the same outcome again changes nothing.
    ///
    /// A message whose rows the database refuses is found by bisection and stored as rejected, the others as they are.
    /// When this returns, every outcome is durable; when it throws, none need be, and the call can be made again.
    func store(_ outcomes: [Outcome]) async throws(SinkError) -> StoreReceipt

    func close() async
}
