import LocalServers
import PostgresClient
import TestSupport
import Testing

@testable import Lab

@Suite(.timeLimit(.minutes(2))) struct LabDatabaseTests {
    @Test func aSessionSurvivesARestartOfTheServer() async throws {
        try await withPrivatePostgres { server in
            let database = LabDatabase(dsn: server.dsn())
            #expect(try await database.number("SELECT 1") == 1)
            try server.crash()
            await #expect(throws: PostgresError.self) { try await database.number("SELECT 2") }
            try server.restart()
            #expect(try await database.number("SELECT 3") == 3)
            try server.restart()
            #expect(try await database.number("SELECT 4") == 4)
            await database.close()
        }
    }

    @Test func noRowCountsAsZero() async throws {
        try await withTestDatabase { test in
            let database = LabDatabase(dsn: test.dsn())
            #expect(try await database.number("SELECT 1 WHERE false") == 0)
            try await database.executeScript("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)")
            #expect(try await database.number("SELECT count(*) FROM t") == 2)
            await database.close()
        }
    }
}
