import PostgresClient
import TestSupport
import Testing

/// A connection through PgBouncer in transaction mode, where each transaction may get another session.
@Suite(.timeLimit(.minutes(3))) struct PoolerTests {
    private func connect(_ bouncer: PrivatePgBouncer) throws(PostgresError) -> PostgresConnection {
        try PostgresConnection(dsn: bouncer.dsn(database: "postgres"), applicationName: "test")
    }

    @Test func aDeadlineCancelsTheStatementAndKeepsTheConnection() async throws {
        try await withPrivatePostgres { server in
            try await withPgBouncer(before: server) { bouncer in
                let connection = try connect(bouncer)
                defer { connection.close() }
                let error = #expect(throws: PostgresError.self) {
                    try connection.execute("SELECT pg_sleep(600)", deadline: .milliseconds(200))
                }
                #expect(error?.kind == .deadlineExceeded && error?.sqlState == "57014")
                #expect(connection.isUsable)
                #expect(try connection.execute("SELECT 1 AS one", deadline: .seconds(20))[0].integer("one") == 1)
            }
        }
    }

    @Test func aPoolerIsDistinguishedFromTheServer() async throws {
        try await withPrivatePostgres { server in
            try await withPgBouncer(before: server) { bouncer in
                let (pooled, direct) = (try connect(bouncer), try PostgresConnection(dsn: server.dsn()))
                #expect(try pooled.isDirect() == false)
                #expect(try direct.isDirect())
            }
        }
    }

    /// PgBouncer says why it ends a connection, and then ends it.
    @Test func thePoolersLastErrorIsTheReason() async throws {
        try await withPrivatePostgres { server in
            try await withPgBouncer(before: server, settings: ["query_wait_timeout": "1"]) { bouncer in
                let connection = try connect(bouncer)
                try connection.execute("SELECT 1")
                try server.halt()
                let first = #expect(throws: PostgresError.self) {
                    try connection.execute("SELECT 1", deadline: .seconds(30))
                }
                #expect(first?.isConnectionLoss == true && !connection.isUsable)
                #expect(first?.sqlState == "08P01", "\(String(describing: first))")
                #expect(first?.message.isEmpty == false)
            }
        }
    }

    /// Settings of the session would be those of another client's session next.
    @Test func valuesAreReadWhateverTheSessionPrefers() async throws {
        try await withPrivatePostgres { server in
            let connection = try PostgresConnection(dsn: server.dsn())
            try connection.execute("ALTER ROLE postgres SET bytea_output = escape")
            try connection.execute("ALTER ROLE postgres SET timezone = 'Asia/Kathmandu'")
            let other = try PostgresConnection(dsn: server.dsn())
            let bytes = (0...255).map { UInt8($0) } + Array("\\x41\\\\".utf8)
            let row = try other.execute(
                "SELECT $1::bytea AS b, ''::bytea AS e, '\\x'::bytea AS x, $2::timestamptz AS t",
                [.bytes(bytes), .timestamp(1_790_000_000_123)])[0]
            #expect(try row.bytes("b") == bytes)
            #expect(try row.bytes("e") == [] && row.bytes("x") == [])
            #expect(try row.timestamp("t") == 1_790_000_000_123)
            let settings = try other.execute("SELECT count(*) AS n FROM pg_settings WHERE source = 'session'")[0]
                .integer("n")
            #expect(settings == 0)
        }
    }

    /// A transaction's settings come with its BEGIN, and go with its end.
    @Test func aTransactionIsSetUpWithItsBegin() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let setting = "SELECT current_setting('application_name') AS s"
            let within = try connection.transaction(begin: "BEGIN; SET LOCAL application_name = 'inside'") {
                try connection.execute(setting)[0].text("s")
            }
            #expect(within == "inside")
            #expect(try connection.execute(setting)[0].text("s") == "test")
            #expect(throws: PostgresError.self) {
                try connection.transaction(begin: "BEGIN; SET LOCAL no_such_setting = 1") {
                    Issue.record("it must not run")
                }
            }
            #expect(!connection.isInTransaction && connection.isUsable)
        }
    }
}
