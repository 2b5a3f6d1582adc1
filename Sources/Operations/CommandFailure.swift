import Pipelines

/// The exit codes of every command, after `sysexits.h`.
public enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    case usage = 64
    case configuration = 78
}

/// Why a command ends with another status than 0: what to print on standard error, and the status.
public struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: ExitStatus
    /// One or more lines for a person; no secrets, no texts of messages.
    public let message: String

    public init(_ status: ExitStatus, _ message: String) { (self.status, self.message) = (status, message) }

    public init(_ error: ConfigurationError) { self.init(.configuration, error.description) }

    public var description: String { message }
}
