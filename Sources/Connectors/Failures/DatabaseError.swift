import PostgresClient
import Serving

/// What a connector could not do with the database, and what to do about it.
public struct DatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `.retry` or `.stop` for what the daemon does by itself; `.reject` where the values given were at fault.
    public let action: FailureAction
    /// For a person; never holds row data or credentials.
    public let reason: String
    /// The server's code, where it was the server.
    public let sqlState: String?
    /// For metrics: the SQLSTATE, else what kind of failure it was.
    public let cause: String

    public init(action: FailureAction, reason: String, sqlState: String? = nil, cause: String? = nil) {
        self.action = action
        self.reason = reason
        self.sqlState = sqlState
        self.cause = cause ?? sqlState ?? "other"
    }

    public var description: String { reason }
}

extension DatabaseError {
    /// - Parameter purpose: what was being done, as in `PostgreSQL, storing labels: …`.
    init(_ error: PostgresError, purpose: String? = nil) {
        let place = purpose.map { "PostgreSQL, \($0): " } ?? "PostgreSQL: "
        self.init(
            action: FailureTable.action(for: error), reason: place + FailureReason.text(of: error),
            sqlState: error.sqlState,
            cause: error.sqlState ?? error.kind.rawValue)
    }

    /// Anything that the body of a statement threw; what is not the database's is a bug.
    init(_ error: any Error, purpose: String? = nil) {
        switch error {
        case let error as DatabaseError: self = error
        case let error as PostgresError: self.init(error, purpose: purpose)
        default: self.init(action: .stop, reason: "\(purpose ?? "database"): \(error)")
        }
    }
}
