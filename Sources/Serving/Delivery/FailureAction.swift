/// What to do about a failure. Which failure is which stands in one table, in `Connectors`.
public enum FailureAction: String, Sendable {
    /// The other side is away: wait, back off, try again, lose nothing.
    case retry
    /// This one text: into `rejected`, the others go on.
    case reject
    /// A bug or a wrong configuration: end with an error.
    case stop
}

/// A sink that could not store.
public struct SinkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `.retry` or `.stop`; what is `.reject` the sink settles itself.
    public let action: FailureAction
    /// Carries no row data and no credentials.
    public let reason: String
    /// A short name for metrics: a SQLSTATE, a code of librdkafka; one of few, unlike `reason`.
    public let cause: String

    public init(action: FailureAction, reason: String, cause: String = "other") {
        self.action = action
        self.reason = reason
        self.cause = cause
    }

    public var description: String { reason }
}

/// A source that could not deliver, pause or commit.
public struct SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `.retry` or `.stop`.
    public let action: FailureAction
    /// Carries no message data and no credentials.
    public let reason: String
    /// A short name for metrics: a SQLSTATE, a code of librdkafka; one of few, unlike `reason`.
    public let cause: String

    public init(action: FailureAction, reason: String, cause: String = "other") {
        self.action = action
        self.reason = reason
        self.cause = cause
    }

    public var description: String { reason }
}
