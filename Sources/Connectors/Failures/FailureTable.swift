import KafkaClient
import PostgresClient
import Serving

/// What to do about a failure, in one table: **retry** while the other side is away, **reject** the one message that is
/// at fault, **stop** where only a person can help.
///
/// PostgreSQL failures are decided by SQLSTATE: the whole code first, then its class (the first two characters). Kafka
/// failures are decided by name first, then by librdkafka's own flags. `.retry` is where to err: it waits, says what
/// for and loses nothing.
public enum FailureTable {
    // MARK: - PostgreSQL

    /// Codes that differ from their class.
    static let sqlStates: [String: FailureAction] = [
        "08P01": .retry,  // what PgBouncer says of nearly everything, say that it cannot reach its server
        "0A000": .stop,  // feature not supported
        "25006": .retry,  // read-only: a standby that is about to be promoted, or a server in maintenance
        "25P04": .retry,  // a transaction took longer than the server allows
        "25P03": .retry,  // idle in a transaction for too long: we were stopped meanwhile
        "26000": .retry,  // a prepared statement is gone: a pooler gave us another session
        "42P01": .retry,  // a table is gone: whoever dropped it may bring it back
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
        "09": .reject,  // a trigger of the user's failed
        "21": .reject,  // cardinality violation, in a trigger of the user's
        "22": .reject,  // data exception: a value that its column cannot hold
        "23": .reject,  // integrity constraint violation
        "27": .reject,  // triggered data change violation
        "28": .stop,  // wrong user or password
        "2F": .reject,  // a routine of the user's, for example a trigger that ended without RETURN
        "38": .reject,  // external routine, for example a trigger in PL/Python
        "39": .reject,  // external routine invocation
        "40": .retry,  // transaction rollback: deadlock, serialization
        "44": .reject,  // WITH CHECK OPTION
        "53": .retry,  // insufficient resources: too many connections, disk full, out of memory
        "54": .reject,  // program limit: the value is too large for an index of the user's
        "55": .retry,  // a lock is not available
        "57": .retry,  // operator intervention: shutdown, cancelled, starting up
        "58": .retry,  // system error: input or output failed
        "P0": .reject,  // RAISE EXCEPTION in a trigger of the user's
        "XX": .retry,  // internal error, for example a table that was replaced just now
    ]

    /// By SQLSTATE; what the table does not name is a bug or a wrong set-up: stop.
    public static func action(sqlState: String) -> FailureAction {
        sqlStates[sqlState] ?? sqlStateClasses[String(sqlState.prefix(2))] ?? .stop
    }

    /// What PgBouncer says, with the code it has for nearly everything, where only a person can help.
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

    // MARK: - Kafka

    /// Codes, by librdkafka's names, that differ from what its flags say.
    static let kafkaNames: [String: FailureAction] = [
        "_AUTHENTICATION": .stop,  // wrong user or password
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
        "TOPIC_EXCEPTION": .stop,  // an impossible name of a topic
        "FENCED_INSTANCE_ID": .stop,  // another member has the same group.instance.id
        "_FENCED": .stop,
    ]

    /// What is fatal to the client stops. Everything else passes by itself, what librdkafka flags as retriable and what
    /// it does not: a broker that is away, a leader that moved, a rebalance under way, a topic that is not there yet.
    public static func action(for error: KafkaError) -> FailureAction {
        if error.isFatal { return .stop }
        return kafkaNames[error.name] ?? .retry
    }
}
