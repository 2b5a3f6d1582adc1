/// What to do about a failure. `FailureTable` in `Connectors` decides which failure calls for which action.
public enum FailureAction: String, Sendable {
    /// The broker or database is unavailable: back off and try again. Nothing is lost.
    case retry
    /// One message is at fault: store it as rejected, and the others as they are.
    case reject
    /// Only a person can help, because the program or its configuration is wrong: end with an error.
    case stop
}

/// A call to Kafka or PostgreSQL that failed, with the action to take.
public struct ConnectorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller does. ``TextSource`` and ``LabelSink`` throw only `.retry` and `.stop`.
    public let action: FailureAction
    /// One clause for a person. Holds no message, row or credentials.
    public let reason: String
    /// A metric label of low cardinality, unlike `reason`: the SQLSTATE or librdkafka's name of the error.
    public let cause: String

    /// - Parameters:
    ///   - action: what the caller does.
    ///   - reason: one clause for a person, without data or credentials.
    ///   - cause: the metric label.
    public init(action: FailureAction, reason: String, cause: String = "other") {
        self.action = action
        self.reason = reason
        self.cause = cause
    }

    /// The reason.
    public var description: String { reason }
}
