import KafkaClient
import PostgresClient
import SchemaRegistry
import Serving

/// What to do about a failure, in one table: **retry** while the other side is unavailable, **reject** the one message
/// at fault, **stop** if only a person can help.
///
/// PostgreSQL failures are decided by SQLSTATE: first the whole code, then its class (the first two characters). Kafka
/// failures are decided by librdkafka's name. When in doubt, retry: that loses nothing, and the log says why.
public enum FailureTable {
    // MARK: - PostgreSQL

    /// Codes that differ from their class.
    static let sqlStates: [String: FailureAction] = [
        "08P01": .retry,  // PgBouncer's code for nearly everything, as when it cannot reach its server
        "0A000": .stop,  // feature not supported
        "25006": .retry,  // read-only: a standby before its promotion, or a server in maintenance
        "25P04": .retry,  // a transaction took longer than the server allows
        "25P03": .retry,  // idle in a transaction for too long: this process was suspended
        "26000": .retry,  // a prepared statement is gone: a pooler switched the session
        "42P01": .retry,  // a table is gone: it may be replaced or restored
        "42501": .stop,  // the role lacks a privilege
        "53400": .stop,  // configuration limit exceeded
        "55000": .stop,  // the object is not in the state it needs to be in
        "57P04": .stop,  // the database was dropped
        "XX001": .stop,  // data corrupted
        "XX002": .stop,  // index corrupted
    ]

    /// Classes of codes, as the appendix "PostgreSQL Error Codes" names them.
    static let sqlStateClasses: [String: FailureAction] = [
        "08": .retry,  // connection exception
        "09": .reject,  // a user's trigger failed
        "21": .reject,  // cardinality violation, in a user's trigger
        "22": .reject,  // data exception: a value that its column cannot hold
        "23": .reject,  // integrity constraint violation
        "27": .reject,  // triggered data change violation
        "28": .stop,  // wrong user or password
        "2F": .reject,  // a user's routine, for example a trigger that ended without RETURN
        "38": .reject,  // external routine, for example a trigger in PL/Python
        "39": .reject,  // external routine invocation
        "40": .retry,  // transaction rollback: deadlock, serialization
        "44": .reject,  // WITH CHECK OPTION
        "53": .retry,  // insufficient resources: too many connections, disk full, out of memory
        "54": .reject,  // program limit: the value is too large for a user's index
        "55": .retry,  // a lock is not available
        "57": .retry,  // operator intervention: shutdown, cancelled, starting up
        "58": .retry,  // system error: input or output failed
        "P0": .reject,  // RAISE EXCEPTION in a user's trigger
        "XX": .retry,  // internal error, for example a table that was replaced just now
    ]

    /// Decides by SQLSTATE. Anything that the table does not name is a bug or a wrong configuration: stop.
    public static func action(sqlState: String) -> FailureAction {
        sqlStates[sqlState] ?? sqlStateClasses[String(sqlState.prefix(2))] ?? .stop
    }

    /// Texts of PgBouncer that only a person can resolve; it has one code for nearly everything.
    static let poolerRefusals = [
        "does not exist", "no such database", "no such user", "authentication failed", "unsupported startup parameter",
    ]

    /// Whether libpq could parse the connection string, but not use a value in it, such as `sslmode=bogus`. It says so
    /// only when it connects, and without a code.
    static func isRefusedSetting(_ error: PostgresError) -> Bool {
        // 08001 is what the client puts where libpq gives no code.
        guard error.kind == .connectionFailed, error.sqlState ?? "08001" == "08001" else { return false }
        return error.message.contains(/invalid \w+ value: "|" for connection option "|invalid port number: "/)
            || error.message.contains(/could not match \d+ (port numbers|host names)/)
    }

    /// Decides by SQLSTATE, else by kind.
    public static func action(for error: PostgresError) -> FailureAction {
        if isRefusedSetting(error) { return .stop }
        if error.sqlState == "08P01", poolerRefusals.contains(where: error.message.contains) { return .stop }
        if let sqlState = error.sqlState { return action(sqlState: sqlState) }
        return switch error.kind {
        case .connectionFailed, .connectionLost, .deadlineExceeded, .cancelled: .retry
        case .invalidParameter: .reject
        case .invalidConnectionString, .unexpectedResult, .server: .stop
        }
    }

    // MARK: - Schema registry

    /// Decides by kind: only a person can give another password, and a schema that is missing or broken concerns only
    /// its records.
    public static func action(for error: RegistryError) -> FailureAction {
        switch error.kind {
        case .unavailable: .retry
        case .refused, .invalid: .stop
        case .unknown, .unusable: .reject
        }
    }

    // MARK: - Kafka

    /// librdkafka's names of errors that do not pass by themselves.
    static let kafkaNames: [String: FailureAction] = [
        "_AUTHENTICATION": .stop,  // wrong user or password, unless the connection broke meanwhile
        "SASL_AUTHENTICATION_FAILED": .stop,
        "UNSUPPORTED_SASL_MECHANISM": .stop,
        "ILLEGAL_SASL_STATE": .stop,
        "SECURITY_DISABLED": .stop,
        "TOPIC_AUTHORIZATION_FAILED": .stop,
        "GROUP_AUTHORIZATION_FAILED": .stop,
        "CLUSTER_AUTHORIZATION_FAILED": .stop,
        "_INVALID_ARG": .stop,  // a property that does not exist, or not with this value
        "_CONFLICT": .stop,
        "_UNSUPPORTED_FEATURE": .stop,
        "UNSUPPORTED_VERSION": .stop,
        "INVALID_GROUP_ID": .stop,
        "INVALID_SESSION_TIMEOUT": .stop,
        "INCONSISTENT_GROUP_PROTOCOL": .stop,  // other members of the group use another assignment strategy
        "TOPIC_EXCEPTION": .stop,  // an invalid topic name
        "FENCED_INSTANCE_ID": .stop,  // another member has the same group.instance.id
        "_FENCED": .stop,
        // What a broker, or the client library, says of a record that is to be published.
        "MSG_SIZE_TOO_LARGE": .reject,
        "INVALID_MSG_SIZE": .reject,
        "INVALID_RECORD": .reject,
        "INVALID_TIMESTAMP": .reject,
    ]

    /// Decides by librdkafka's name; a fatal error stops. Everything else is transient: an unavailable broker, a new
    /// leader, a rebalance, a topic that does not exist yet.
    public static func action(for error: KafkaError) -> FailureAction {
        if error.isFatal { return .stop }
        if error.isBrokenLogin { return .retry }
        return kafkaNames[error.name] ?? .retry
    }
}
