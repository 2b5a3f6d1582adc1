/// A message with the label of each of its tasks: one row per task.
public struct LabelledMessage: Sendable {
    /// Keeps its payload until it is stored: a row that the database refuses goes to `rejected` with it.
    public let message: SourceMessage
    /// The text of the message; `nil` if the pipeline does not store texts.
    public let text: String?
    /// One per task.
    public let labels: [TaskLabel]
    /// Those of challengers in shadow.
    public let shadows: [ShadowLabel]

    /// - Parameters: as the properties.
    public init(message: SourceMessage, text: String?, labels: [TaskLabel], shadows: [ShadowLabel] = []) {
        self.message = message
        self.text = text
        self.labels = labels
        self.shadows = shadows
    }
}

/// The stage that rejected a message.
public enum RejectionStage: String, Sendable, CaseIterable {
    /// Not UTF-8, not JSON, not of its schema, no payload, too large.
    case decode
    /// No string at the pointer, or only white space.
    case extract
    /// No route matches.
    case route
    /// The classifier could not label it.
    case classify
    /// The database refused its rows.
    case store
    /// The broker refused what was to be published. The record has its labels.
    case publish
}

/// A message that ends as a row in `rejected`.
public struct Rejection: Sendable {
    /// With its payload.
    public let message: SourceMessage
    /// Where it failed.
    public let stage: RejectionStage
    /// The metric label: a word such as `not-json`, or a SQLSTATE.
    public let cause: String
    /// What is wrong, for a person. Holds no part of the text.
    public let reason: String

    /// - Parameters: as the properties.
    public init(message: SourceMessage, stage: RejectionStage, cause: String = "other", reason: String) {
        self.message = message
        self.stage = stage
        self.cause = cause
        self.reason = reason
    }
}

/// How a message ended.
public enum Outcome: Sendable {
    /// Every task has labelled it.
    case labelled(LabelledMessage)
    /// It goes to `rejected`.
    case rejected(Rejection)
    /// No route matched or it has no payload, and the pipeline drops such messages. Never reaches a sink.
    case dropped(SourceMessage)

    /// The message that ended.
    public var message: SourceMessage {
        switch self {
        case .labelled(let labelled): labelled.message
        case .rejected(let rejection): rejection.message
        case .dropped(let message): message
        }
    }
}

/// Where labels go.
public protocol LabelSink: Sendable {
    /// Stores all outcomes in one transaction. Storing the same outcome again changes nothing.
    ///
    /// Bisection finds a message whose rows the database refuses; it is stored as rejected, the others as they are.
    /// When this returns, every outcome is durable. When it throws, none need be, and the caller may repeat the call.
    func store(_ outcomes: [Outcome]) async throws(ConnectorError) -> StoreReceipt

    /// Gives up the connection.
    func close() async
}
