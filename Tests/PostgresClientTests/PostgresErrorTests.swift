import PostgresClient
import TestSupport
import Testing

@Suite struct PostgresErrorTests {
    @Test func constraintViolationsNameTheirObjectsAndNoData() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            try connection.executeScript(
                """
                CREATE SCHEMA house; CREATE TABLE house.t (
                    i int CONSTRAINT t_key PRIMARY KEY, label text NOT NULL, CONSTRAINT short CHECK (length(label) < 9),
                    CONSTRAINT known FOREIGN KEY (i) REFERENCES house.t (i));
                INSERT INTO house.t VALUES (4711, 'a')
                """)
            let cases: [(String, [PostgresValue], String, String)] = [
                ("INSERT INTO house.t VALUES ($1, $2)", [4711, "confidential"], "23514", "check_violation"),
                ("INSERT INTO house.t VALUES ($1, $2)", [4711, "b"], "23505", "unique_violation"),
                ("INSERT INTO house.t VALUES ($1, $2)", [4712, .null], "23502", "not_null_violation"),
                ("UPDATE house.t SET i = $1::text::int", ["confidential"], "22P02", "invalid_text_representation"),
                ("SELECT $1::varchar::date", ["confidential"], "22007", "invalid_datetime_format"),
            ]
            for (sql, parameters, state, name) in cases {
                let error = try #require(throws: PostgresError.self) { try connection.execute(sql, parameters) }
                let text = "\(error)"
                #expect(error.sqlState == state)
                #expect(error.conditionName == name && text.contains(name))
                #expect(!text.contains("confidential") && !text.contains("4711") && !text.contains("4712"), "\(text)")
                #expect(!error.isConnectionLoss)
            }
            let unique = try #require(throws: PostgresError.self) {
                try connection.execute("INSERT INTO house.t VALUES (4711, 'b')")
            }
            #expect([unique.schemaName, unique.tableName, unique.constraintName] == ["house", "t", "t_key"])
            #expect("\(unique)" == "PostgreSQL 23505 unique_violation, constraint t_key, table house.t")
            let null = try #require(throws: PostgresError.self) {
                try connection.execute("INSERT INTO house.t VALUES (1, NULL)")
            }
            #expect(null.columnName == "label")
        }
    }

    @Test func raisedTextStaysHidden() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let error = try #require(throws: PostgresError.self) {
                try connection.execute("DO $$ BEGIN RAISE EXCEPTION 'confidential'; END $$")
            }
            #expect("\(error)" == "PostgreSQL P0001 raise_exception")
        }
    }

    @Test func safeClassesKeepTheServersText() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let missing = try #require(throws: PostgresError.self) { try connection.execute("SELECT * FROM nowhere") }
            #expect("\(missing)" == #"PostgreSQL 42P01 undefined_table: relation "nowhere" does not exist"#)
            try connection.execute("CREATE ROLE \(database.name)_reader LOGIN")
            try connection.execute("CREATE TABLE t (i int)")
            let reader = try database.connect(user: "\(database.name)_reader")
            let refused = try #require(throws: PostgresError.self) { try reader.execute("SELECT * FROM t") }
            #expect("\(refused)" == "PostgreSQL 42501 insufficient_privilege: permission denied for table t")
            reader.close()
            try connection.execute("DROP ROLE \(database.name)_reader")
        }
    }

    @Test func deadlocksAndSerializationFailuresHaveTheirStates() async throws {
        try await withTestDatabase { database in
            let (one, two) = (try database.connect(), try database.connect())
            try one.executeScript("CREATE TABLE t (i int); INSERT INTO t VALUES (1)")
            try one.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            try two.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            try one.execute("UPDATE t SET i = i + (SELECT count(*) FROM t)")
            #expect(
                sqlState {
                    try two.execute("SET LOCAL lock_timeout = 50"); try two.execute("UPDATE t SET i = 9")
                } == "55P03")
            try two.execute("ROLLBACK")
            try two.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            _ = try two.execute("SELECT i FROM t")
            try one.execute("COMMIT")
            let error = try #require(throws: PostgresError.self) { try two.execute("UPDATE t SET i = 9") }
            #expect(
                "\(error)"
                    == "PostgreSQL 40001 serialization_failure: could not serialize access due to concurrent update")
            try two.execute("ROLLBACK")
        }
    }

    @Test func aWrongPasswordIsReportedWithoutThePassword() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            // The role that makes the private server ask for passwords; tests that run at the same time share it.
            try connection.execute(
                """
                DO $$ BEGIN
                    CREATE ROLE password_required; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END $$
                """
            )
            let role = "\(database.name)_locked"
            try connection.execute("CREATE ROLE \(role) LOGIN PASSWORD 'correct' IN ROLE password_required")
            let dsn = database.dsn(user: role, password: "wr0ng-guess")
            let error = try #require(throws: PostgresError.self) { try PostgresConnection(dsn: dsn) }
            #expect(error.kind == .connectionFailed)
            #expect(error.sqlState == "28P01")
            #expect(error.conditionName == "invalid_password")
            #expect(!"\(error)".contains("wr0ng-guess") && "\(error)".contains(role))
            #expect(try PostgresConnection(dsn: database.dsn(user: role, password: "correct")).isUsable)
            try connection.execute("DROP ROLE \(role)")
        }
    }

    @Test func missingDatabaseRoleAndServerAreReported() async throws {
        try await withTestDatabase { database in
            #expect(sqlState { try PostgresConnection(dsn: database.server.dsn(database: "nowhere")) } == "3D000")
            #expect(sqlState { try PostgresConnection(dsn: database.server.dsn(user: "nobody_here")) } == "28000")
        }
        let error = try #require(throws: PostgresError.self) {
            try PostgresConnection(dsn: "host=/nonexistent user=x password=hidden dbname=y")
        }
        #expect(error.kind == .connectionFailed && error.sqlState == "08001" && error.isConnectionLoss)
        #expect(!"\(error)".contains("hidden"))
    }

    @Test(arguments: [
        "postgresql://user:hunter2@host:notaport/db?nonsense=1", "password=hunter2 nonsense",
        "postgres//user:hunter2@host/db",
        "host=a passwort=hunter2",
    ])
    func badConnectionStringIsNotQuoted(_ dsn: String) throws {
        let error = try #require(throws: PostgresError.self) {
            try PostgresConnection(dsn: dsn, connectTimeout: .seconds(1))
        }
        #expect(!"\(error)".contains("hunter2"), "\(error)")
    }
}
