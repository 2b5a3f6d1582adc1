import Glibc
import LocalServers
import PostgresClient
import TestSupport
import Testing

@Suite struct DeadlineTests {
    @Test func aDeadlineCancelsAndKeepsTheConnection() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let began = ContinuousClock.now
            let error = try #require(throws: PostgresError.self) {
                try connection.execute("SELECT pg_sleep(60)", deadline: .milliseconds(100))
            }
            #expect(error.kind == .deadlineExceeded && error.sqlState == "57014" && !error.isConnectionLoss)
            #expect(ContinuousClock.now - began < .seconds(5))
            #expect(try connection.execute("SELECT 1 AS one")[0].integer("one") == 1)
        }
    }

    @Test func aDeadlineWithinATransactionRollsItBack() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            try connection.execute("CREATE TABLE t (i int)")
            #expect(
                sqlState {
                    try connection.transaction {
                        try connection.execute("INSERT INTO t VALUES (1)")
                        try connection.execute("SELECT pg_sleep(60)", deadline: .milliseconds(50))
                    }
                } == "57014")
            #expect(try connection.execute("SELECT count(*) AS n FROM t")[0].integer("n") == 0)
        }
    }

    @Test func aHungServerIsATimeout() async throws {
        try await withPrivatePostgres { server in
            let connection = try PostgresConnection(dsn: server.dsn())
            let big = PostgresValue.bytes([UInt8](repeating: 7, count: 8_000_000))
            let sender = try PostgresConnection(dsn: server.dsn())
            server.pause()
            defer { server.resume() }
            for (attempt, connection) in [connection, sender].enumerated() {
                let began = ContinuousClock.now
                // The second cannot even be sent: nobody empties the socket's buffer.
                let error = try #require(throws: PostgresError.self) {
                    try connection.execute(
                        "SELECT length($1)", [attempt == 0 ? .bytes([1]) : big], deadline: .milliseconds(200))
                }
                #expect(error.kind == .deadlineExceeded && error.isConnectionLoss)
                #expect(ContinuousClock.now - began < .seconds(10))
                #expect(!connection.isUsable)
                #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
            }
            let error = try #require(throws: PostgresError.self) {
                try PostgresConnection(dsn: server.dsn(), connectTimeout: .milliseconds(200))
            }
            #expect(error.kind == .deadlineExceeded && error.isConnectionLoss)
            server.resume()
            #expect(try PostgresConnection(dsn: server.dsn()).isUsable)
        }
    }

    @Test func aCrashDuringAStatementIsAConnectionLoss() async throws {
        try await withPrivatePostgres { server in
            let connection = try PostgresConnection(dsn: server.dsn())
            try connection.execute("CREATE TABLE t AS SELECT 1 AS i")
            let outcome = BlockingThread.run { sqlStateAndLoss(of: "SELECT pg_sleep(3600)", on: server.dsn()) }
            try await server.awaitStatement("pg_sleep")
            try server.crash()
            let (state, isLoss) = outcome.value
            #expect(isLoss && (state == "57P01" || state == "57P02" || state == "08006"), "\(state ?? "none")")
            let after = try #require(throws: PostgresError.self) {
                try connection.execute("SELECT 1", deadline: .seconds(5))
            }
            #expect(after.isConnectionLoss && !connection.isUsable)
            let refused = try #require(throws: PostgresError.self) { try PostgresConnection(dsn: server.dsn()) }
            #expect(refused.kind == .connectionFailed && refused.isConnectionLoss)
            try server.restart()
            #expect(try PostgresConnection(dsn: server.dsn()).execute("SELECT i FROM t")[0].integer("i") == 1)
        }
    }

    @Test func terminatedBackendSaysWhy() async throws {
        try await withTestDatabase { database in
            let (victim, killer) = (try database.connect(), try database.connect())
            let process = try victim.execute("SELECT pg_backend_pid() AS p")[0].integer("p")
            try killer.execute("SELECT pg_terminate_backend($1::int, 10000)", [.integer(process)])
            let error = try #require(throws: PostgresError.self) { try victim.execute("SELECT 1") }
            #expect(error.isConnectionLoss && ["57P01", "08006"].contains(error.sqlState), "\(error)")
            #expect(!victim.isUsable)
        }
    }

    @Test func anotherThreadCancels() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let waker = connection.waker
            waker.cancelStatement()  // nothing runs: must not hit the next statement
            #expect(try connection.execute("SELECT 1 AS one")[0].integer("one") == 1)
            let canceller = BlockingThread.run {
                let watcher = try? database.connect()
                // Other tests sleep in other databases of the server.
                while (try? watcher?.execute(
                    """
                    SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'
                    """
                )
                .count) == 0 {}
                waker.cancelStatement()
            }
            let error = try #require(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(3600)") }
            #expect(error.kind == .cancelled && !error.isConnectionLoss)
            canceller.value
            #expect(connection.isUsable)
        }
    }
}

/// What a statement on a connection of its own ends with.
private func sqlStateAndLoss(of sql: String, on dsn: String) -> (String?, Bool) {
    do { try PostgresConnection(dsn: dsn).execute(sql) } catch { return (error.sqlState, error.isConnectionLoss) }
    return (nil, false)
}

extension PrivatePostgres {
    /// Returns once a statement with this text runs, which must last until then; an unanswered look fails the test
    /// instead of holding up all others.
    func awaitStatement(_ text: String) async throws {
        let watcher = try PostgresConnection(dsn: dsn())
        try await eventually("the statement \(text)") {
            try watcher.execute(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE $1",
                [.text("%\(text)%")], deadline: .seconds(60)
            ).count > 0
        }
    }
}
