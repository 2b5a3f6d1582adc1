import Glibc
import PostgresClient
import Synchronization
import TestSupport
import Testing

@Suite struct PostgresConnectionTests {
    @Test func valuesAreReadAsTheyWereSent() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let row = try #require(
                try connection.execute(
                    """
                    SELECT $1::text AS t, $2::bigint AS i, $3::float8 AS d, $4::boolean AS b, $5 AS y, $6::jsonb AS j,
                        $7::timestamptz AS s,
                    $8::text AS n
                    """,
                    [
                        "a \"quoted\" 'text' \\ with ünïcödé 🦜", .integer(.min), .double(-0.1), true,
                        .bytes([0, 1, 92, 255]), .json(#"{"k": [1, null]}"#), .timestamp(1_790_000_000_123), .null,
                    ]
                ).first)
            #expect(try row.text("t") == "a \"quoted\" 'text' \\ with ünïcödé 🦜")
            #expect(try row.integer("i") == .min)
            #expect(try row.double("d") == -0.1)
            #expect(try row.boolean("b"))
            #expect(try row.bytes("y") == [0, 1, 92, 255])
            #expect(try row.text("j") == #"{"k": [1, null]}"#)
            #expect(try row.timestamp("s") == 1_790_000_000_123)
            #expect(try row.isNull("n"))
            #expect(try row.optionalText("n") == nil)
        }
    }

    @Test func columnsHaveTheirKinds() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            defer { connection.close() }
            let result = try connection.execute(
                "SELECT true, ARRAY[true], 'a'::text, 'a'::varchar, '{}'::jsonb, '{}'::json, 1, ARRAY['a']")
            #expect(result.columnKinds == [.boolean, .booleans, .text, .text, .json, .json, .other, .other])
        }
    }

    @Test func doublesKeepEveryBit() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let numbers: [Double?] = [0.1, -1e308, .leastNonzeroMagnitude, .infinity, -.infinity, 1 / 3, nil, -0.0]
            let row = try connection.execute(
                "SELECT $1::float8[] AS d, $2::float8 AS n", [.doubles(numbers), .double(.nan)])[0]
            #expect(try row.doubles("d") == numbers)
            #expect(try row.double("n").isNaN)
        }
    }

    @Test func timestampsKeepTheirMillisecondInEveryCentury() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let times: [Int64] = [
                0, -1, 1, 951_782_400_000, 1_709_164_800_999, 4_102_444_800_000, -2_208_988_800_000,
                -62_135_596_800_000,
            ]
            for time in times {
                let row = try connection.execute(
                    "SELECT $1::timestamptz AS t, (extract(epoch FROM $1::timestamptz) * 1000)::bigint AS e",
                    [.timestamp(time)])[0]
                #expect(try row.timestamp("t") == time)
                #expect(try row.integer("e") == time)
            }
            #expect(sqlState { try connection.execute("SELECT $1::timestamptz", [.timestamp(.max)]) } == "22008")
            let ides = try connection.execute(
                "SELECT (extract(epoch FROM '0044-03-15 00:00:00+00 BC'::timestamptz) * 1000)::bigint AS e")[
                    0
                ].integer("e")
            #expect(
                try connection.execute("SELECT ($1::timestamptz AT TIME ZONE 'UTC')::text AS t", [.timestamp(ides)])[0]
                    .text("t")
                    == "0044-03-15 00:00:00 BC")
        }
    }

    @Test func arraysKeepQuotesBackslashesNullsAndUnicode() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let texts: [String?] = [
                "", "NULL", nil, "a,b", "{}", "\"", "\\", "\\\"", " spaced ", "line\nbreak", "日本語 🦜 e\u{301}",
                "\u{FFFD}",
            ]
            let row = try connection.execute(
                """
                SELECT $1::text[] AS t, $2::bigint[] AS i, $3::boolean[] AS b, $4::text[] AS e, $5::text[] AS n,
                    cardinality($1::text[]) AS c
                """,
                [.texts(texts), .integers([1, nil, .max]), .booleans([true, nil, false]), .texts([]), .null])[0]
            #expect(try row.texts("t") == texts)
            #expect(try row.integer("c") == Int64(texts.count))
            #expect(try row.integers("i") == [1, nil, .max])
            #expect(try row.booleans("b") == [true, nil, false])
            #expect(try row.texts("e") == [])
            #expect(try row.optionalTexts("n") == nil)
            let unnested = try connection.execute(
                "SELECT y, s FROM unnest($1::bytea[], $2::timestamptz[]) AS u (y, s)",
                [.byteStrings([[0, 255, 34], nil, []]), .timestamps([0, nil, 1])])
            #expect(try unnested.rows.map { try $0.optionalBytes("y") } == [[0, 255, 34], nil, []])
            #expect(try unnested.rows.map { try $0.optionalTimestamp("s") } == [0, nil, 1])
            let bytes = try connection.execute(
                "SELECT cardinality($1::bytea[]) AS none, $2::bytea[] = ARRAY['\\x0001', '']::bytea[] AS two",
                [.byteStrings([]), .byteStrings([[0, 1], []])])[0]
            #expect(try bytes.integer("none") == 0 && bytes.boolean("two"))
        }
    }

    @Test func zeroCharacterIsRefusedBeforeSending() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let error = #expect(throws: PostgresError.self) {
                try connection.execute("SELECT $1::text, $2::text", ["fine", "secret\u{0}text"])
            }
            #expect(error?.kind == .invalidParameter)
            #expect(error?.sqlState == "22021")
            #expect(error.map { "\($0)" }?.contains("$2") == true)
            #expect(error.map { "\($0)" }?.contains("secret") == false)
            #expect(throws: PostgresError.self) {
                try connection.execute("SELECT $1::text[]", [.texts(["a", "\u{0}"])])
            }
            #expect(try connection.execute("SELECT 1 AS one")[0].integer("one") == 1)
        }
    }

    @Test func gettersRefuseMissingColumnsAndOtherTypes() async throws {
        try await withTestDatabase { database in
            let row = try database.connect().execute(
                "SELECT 'private' AS t, NULL AS n, '{{1},{2}}'::int[] AS m, '[0:1]={1,2}'::int[] AS l")[0]
            for read in [{ try row.integer("t") }, { try row.integer("n") }, { try row.integer("missing") }]
                as [() throws -> Int64]
            {
                let error = #expect(throws: PostgresError.self) { try read() }
                #expect(error?.kind == .unexpectedResult)
                #expect(error.map { "\($0)" }?.contains("private") == false)
            }
            #expect(throws: PostgresError.self) { try row.integers("m") }
            #expect(throws: PostgresError.self) { try row.integers("l") }
        }
    }

    @Test func affectedRowsAreCounted() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            #expect(try connection.execute("CREATE TABLE t (i int)").affectedRows == 0)
            #expect(try connection.execute("INSERT INTO t SELECT generate_series(1, 5)").affectedRows == 5)
            #expect(try connection.execute("DELETE FROM t WHERE i > $1", [3]).affectedRows == 2)
            #expect(
                try connection.executeScript("INSERT INTO t VALUES (9); SELECT count(*) AS n FROM t").first?.integer(
                    "n") == 4)
        }
    }

    @Test func megabytesGoBothWays() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
            #expect(
                try connection.execute("SELECT $1::bytea AS b", [.bytes(bytes)], deadline: .seconds(60))[0].bytes("b")
                    == bytes)
        }
    }

    @Test func transactionCommitsOrUndoes() async throws {
        struct Change: Error {}
        try await withTestDatabase { database in
            let connection = try database.connect()
            try connection.execute("CREATE TABLE t (i int PRIMARY KEY)")
            try connection.transaction { try connection.execute("INSERT INTO t VALUES (1)") }
            #expect(throws: Change.self) {
                try connection.transaction {
                    try connection.execute("INSERT INTO t VALUES (2)")
                    throw Change()
                }
            }
            // A body that hides a failed statement must not believe in a COMMIT.
            #expect(
                sqlState {
                    try connection.transaction {
                        try connection.execute("INSERT INTO t VALUES (3)")
                        _ = try? connection.execute("INSERT INTO t VALUES (3)")
                    }
                } == "25P02")
            #expect(!connection.isInTransaction)
            #expect(try connection.execute("SELECT i FROM t").rows.map { try $0.integer("i") } == [1])
        }
    }

    @Test func savepointUndoesOnlyItsOwn() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            try connection.execute("CREATE TABLE t (i int PRIMARY KEY)")
            try connection.transaction {
                try connection.savepoint { try connection.execute("INSERT INTO t VALUES (1)") }
                #expect(
                    sqlState {
                        try connection.savepoint {
                            try connection.savepoint { try connection.execute("INSERT INTO t VALUES (2)") }
                            try connection.execute("INSERT INTO t VALUES (1)")
                        }
                    } == "23505")
                try connection.execute("INSERT INTO t VALUES (3)")
            }
            #expect(try connection.execute("SELECT i FROM t ORDER BY i").rows.map { try $0.integer("i") } == [1, 3])
        }
    }

    @Test func deferredConstraintFailsTheCommit() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            try connection.execute("CREATE TABLE t (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            #expect(
                sqlState { try connection.transaction { try connection.execute("INSERT INTO t VALUES (1), (1)") } }
                    == "23505")
            #expect(connection.isUsable && !connection.isInTransaction)
        }
    }

    @Test func noticesGoToTheClosureWithoutRowData() async throws {
        try await withTestDatabase { database in
            let notices = Mutex<[PostgresNotice]>([])
            let connection = try database.connect { notice in notices.withLock { $0.append(notice) } }
            try connection.execute("DROP TABLE IF EXISTS nothing")
            try connection.execute("DO $$ BEGIN RAISE WARNING 'a secret row'; END $$")
            let heard = notices.withLock { $0 }
            #expect(heard.map(\.severity) == ["NOTICE", "WARNING"])
            #expect(heard.map(\.message) == ["", ""])
            #expect(heard.map(\.sqlState) == ["00000", "01000"])
        }
    }
}

/// The SQLSTATE of what `body` throws.
func sqlState(_ body: () throws -> some Any) -> String? {
    do { _ = try body() } catch { return (error as? PostgresError)?.sqlState }
    return nil
}
