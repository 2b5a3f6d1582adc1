import Connectors
import Pipelines
import Serving

/// The exit codes of every command, after `sysexits.h`.
public enum ExitStatus: Int32, Sendable {
    /// The command did what it was asked to do.
    case done = 0
    /// Something went wrong that another attempt may not meet.
    case failed = 1
    /// The arguments are wrong.
    case usage = 64
    /// A pipeline file, or what it names, is wrong: another attempt would meet the same.
    case configuration = 78
}

/// Why a command ends with another status than 0: what to print on standard error, and the status.
public struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The exit code.
    public let status: ExitStatus
    /// One or more lines for a person; no secrets, no texts of messages.
    public let message: String

    /// A failure with a message of its own.
    public init(_ status: ExitStatus, _ message: String) { (self.status, self.message) = (status, message) }

    /// Every problem of the pipeline files, with status 78.
    public init(_ error: ConfigurationError) { self.init(.configuration, error.description) }

    /// A problem at one key of a pipeline file, with status 78.
    init(_ problem: ConfigurationProblem) { self.init(.configuration, problem.description) }

    /// A failure of the database: status 78 where only a person can help, else 1.
    init(_ error: ConnectorError) {
        self.init(error.action == .stop ? .configuration : .failed, "database: \(error)")
    }

    /// Whatever a use case threw.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as ConfigurationError: self.init(error)
        case let error as ConnectorError: self.init(error)
        default: self.init(.failed, "\(error)")
        }
    }

    /// What the body returns. Whatever it throws ends the command.
    static func wrapping<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws(CommandFailure) -> Value {
        do { return try await body() } catch { throw CommandFailure(error) }
    }

    /// The message.
    public var description: String { message }
}
