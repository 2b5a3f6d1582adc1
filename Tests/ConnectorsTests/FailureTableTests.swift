import KafkaClient
import PostgresClient
import Serving
import Testing

@testable import Connectors

@Suite struct FailureTableTests {
    @Test(arguments: [
        ("08006", FailureAction.retry), ("25006", .retry), ("53300", .retry), ("53100", .retry), ("57P01", .retry),
        ("57P03", .retry),
        ("40P01", .retry), ("40001", .retry), ("57014", .retry), ("55P03", .retry), ("58030", .retry),
        ("25P03", .retry), ("25P04", .retry),
        ("08P01", .retry),
        ("22001", .reject), ("22003", .reject), ("22P05", .reject), ("23505", .reject), ("23514", .reject),
        ("23502", .reject),
        ("P0001", .reject), ("44000", .reject), ("54000", .reject), ("38000", .reject), ("2F005", .reject),
        ("42P01", .retry), ("42703", .stop), ("42501", .stop), ("28P01", .stop), ("28000", .stop), ("3D000", .stop),
        ("3F000", .stop),
        ("XX001", .stop), ("57P04", .stop), ("99999", .stop), ("", .stop),
    ])
    func sqlStateDecides(_ state: String, _ action: FailureAction) {
        #expect(FailureTable.action(sqlState: state) == action)
    }

    @Test(arguments: [
        (PostgresError.Kind.connectionFailed, FailureAction.retry), (.connectionLost, .retry),
        (.deadlineExceeded, .retry),
        (.cancelled, .retry), (.invalidParameter, .reject), (.invalidConnectionString, .stop),
        (.unexpectedResult, .stop),
    ])
    func kindDecidesWithoutAState(_ kind: PostgresError.Kind, _ action: FailureAction) {
        #expect(FailureTable.action(for: PostgresError(kind: kind)) == action)
    }

    /// Beside its words: PgBouncer has one code for what passes and for what does not.
    @Test(arguments: [
        ("query_wait_timeout", FailureAction.retry), ("no more connections allowed (max_client_conn)", .retry),
        ("server login has been failing, try again later (server_login_retry)", .retry),
        ("server conn crashed?", .retry),
        ("FATAL:  08P01: database \"nowhere\" does not exist", .stop), ("no such user: stranger", .stop),
        ("unsupported startup parameter: options", .stop), ("password authentication failed", .stop),
    ])
    func theWordsOfAPoolerDecide(_ message: String, _ action: FailureAction) {
        let error = PostgresError(kind: .connectionFailed, sqlState: "08P01", message: message)
        #expect(FailureTable.action(for: error) == action)
    }

    /// libpq parses such a connection string, and refuses it only when it connects.
    @Test(arguments: [
        ("invalid sslmode value: \"bogus\"", FailureAction.stop),
        ("invalid target_session_attrs value: \"q\"", .stop), ("invalid port number: \"99999999\"", .stop),
        ("invalid integer value \"abc\" for connection option \"port\"", .stop),
        ("could not match 3 port numbers to 2 hosts", .stop),
        ("could not translate host name \"invalid\" to address: Name or service not known", .retry),
        ("connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused", .retry),
    ])
    func aValueThatLibpqCannotUseStops(_ message: String, _ action: FailureAction) {
        let error = PostgresError(kind: .connectionFailed, sqlState: "08001", message: message)
        #expect(FailureTable.action(for: error) == action)
    }

    @Test(arguments: [
        ("_ALL_BROKERS_DOWN", FailureAction.retry), ("_TRANSPORT", .retry), ("UNKNOWN_TOPIC_OR_PART", .retry),
        ("REBALANCE_IN_PROGRESS", .retry), ("_TIMED_OUT", .retry), ("_AUTHENTICATION", .stop),
        ("TOPIC_AUTHORIZATION_FAILED", .stop),
        ("_INVALID_ARG", .stop), ("FENCED_INSTANCE_ID", .stop),
    ])
    func kafkaNameDecides(_ name: String, _ action: FailureAction) {
        #expect(FailureTable.action(for: KafkaError(code: 0, name: name, message: "")) == action)
    }

    @Test func fatalKafkaErrorsStop() {
        #expect(
            FailureTable.action(for: KafkaError(code: -150, name: "_TRANSPORT", message: "", isFatal: true)) == .stop)
    }

    @Test func refusalsNameObjectsOnly() {
        let error = PostgresError(
            kind: .server, sqlState: "23514", schemaName: "lorikeet", tableName: "labels",
            constraintName: "short_texts",
            message: "new row contains (secret)")
        #expect(
            FailureReason.refusal(error)
                == "a check constraint is violated: constraint short_texts of table lorikeet.labels [SQLSTATE 23514]")
    }
}
