import KafkaClient
import PostgresClient
import SchemaRegistry
import Serving

extension ConnectorError {
    /// - Parameter purpose: the operation that failed, as in `PostgreSQL, storing labels: …`.
    init(_ error: PostgresError, purpose: String? = nil) {
        let place = purpose.map { "PostgreSQL, \($0): " } ?? "PostgreSQL: "
        self.init(
            action: FailureTable.action(for: error), reason: place + FailureReason.text(of: error),
            cause: error.sqlState ?? error.kind.rawValue)
    }

    /// Classifies whatever a statement's body threw. An error that is not the database's is a bug.
    init(_ error: any Error, purpose: String? = nil) {
        switch error {
        case let error as ConnectorError: self = error
        case let error as PostgresError: self.init(error, purpose: purpose)
        default: self.init(action: .stop, reason: "\(purpose ?? "database"): \(error)")
        }
    }

    /// A registry's reason says what was asked.
    init(_ error: RegistryError) {
        self.init(action: FailureTable.action(for: error), reason: error.reason, cause: error.kind.rawValue)
    }

    /// - Parameter purpose: the operation that failed, as in `…, while committing`.
    init(_ error: KafkaError, purpose: String) {
        let remedy = Self.remedies[error.name].map { ": \($0)" } ?? ""
        self.init(
            action: FailureTable.action(for: error), reason: "\(error), while \(purpose)\(remedy)", cause: error.name)
    }

    /// Runs the body, and says what failed: `purpose` as of ``init(_:purpose:)``.
    static func mapping<Value>(
        _ purpose: String, _ body: () throws(KafkaError) -> Value
    ) throws(ConnectorError) -> Value {
        do { return try body() } catch { throw ConnectorError(error, purpose: purpose) }
    }

    /// What to do about errors whose text does not say it.
    private static let remedies = [
        "FENCED_INSTANCE_ID":
            "another daemon has joined the group with the same group.instance.id. Run one daemon per state directory; "
            + "if the directory was copied, delete the files group-instance-* of the copy, or set "
            + "source.kafka.group_instance: dynamic"
    ]
}
