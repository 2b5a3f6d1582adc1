import Connectors
import PostgresClient
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

@Test func migratingTwiceChangesNothing() async throws {
    try await withTestDatabase { database in
        let first = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(first == MigrateReport(before: 0, after: Schema.expectedVersion))
        let second = try await MigrateOperation.run(postgres: Secret(database.dsn()))
        #expect(second == MigrateReport(before: Schema.expectedVersion, after: Schema.expectedVersion))
    }
}

@Test func textsOfTheVersionBeforeAreMoved() async throws {
    try await withTestDatabase { database in
        let postgres = Secret(database.dsn())
        _ = try await MigrateOperation.run(postgres: postgres)
        let connection = try database.connect()
        defer { connection.close() }
        try connection.execute(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                scores, adapter_digest, text)
            SELECT 'p', 't', 0, o, t, now(), 'calm', 1, '{}', 'd', 'text ' || o
            FROM generate_series(1, 10) AS o, unnest('{noise,mood}'::text[]) AS t
            """)
        let move = try await MigrateOperation.moveTexts(postgres: postgres)
        #expect(move.rows == 20 && move.remaining == 0 && move.isComplete)
        let texts = try connection.execute("SELECT count(*) AS n FROM lorikeet.messages").first
        #expect(try texts?.integer("n") == 10)
        let again = try await MigrateOperation.moveTexts(postgres: postgres)
        #expect(again.rows == 0 && again.isComplete)
    }
}

@Test func nothingIsMovedOfASchemaThatIsMissing() async throws {
    try await withTestDatabase { database in
        let error = await #expect(throws: CommandFailure.self) {
            try await MigrateOperation.moveTexts(postgres: Secret(database.dsn()))
        }
        #expect(error?.message.contains("lorikeet migrate") == true)
    }
}
