import Serving
import Testing

@testable import Connectors

/// When a session asks the server whether its connection still works, and when it opens another.
@Suite(.timeLimit(.minutes(1))) struct PostgresSessionTests {
    private static let process: @Sendable (BoundedConnection) throws -> Int64 = { connection in
        try connection.execute("SELECT pg_backend_pid()::bigint AS pid").first?.integer("pid") ?? 0
    }

    /// A restart of the server, or a pooler that drops idle clients, is seen without a statement and costs no error.
    @Test func aConnectionThatTheServerClosedIsNotUsed() async throws {
        let database = try await SchemaDatabase.make()
        let session = PostgresSession(database.settings(), name: "test")
        let first = try await session.run("asking", Self.process)
        #expect(try await session.run("asking", Self.process) == first)
        try database.killSessions()
        let second = try? await session.run("asking", Self.process)
        await session.close()
        #expect(second != nil && second != first)
    }
}
