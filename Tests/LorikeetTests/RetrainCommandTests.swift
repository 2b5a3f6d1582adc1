import Foundation
import PostgresClient
import TestSupport
import Testing

/// `lorikeet retrain` as a person runs it, against a real PostgreSQL.
@Suite(.scratch, .timeLimit(.minutes(5))) struct RetrainCommandTests {
    @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsItInOrder(signal: Int32) async throws {
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            let (_, file) = try MoodPipeline.write(
                dsn: "${DATABASE_URL}", namesAdapter: false,
                extra: "retrain: { recipe: fixed, epochs: 1000, workers: 1 }")
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            let connection = try database.connect()
            defer { connection.close() }
            try connection.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label)
                SELECT 'mood', 'film ' || n, CASE n % 2 WHEN 0 THEN 'minus' ELSE 'plus' END
                FROM generate_series(1, 600) AS n
                """)
            let outcome = try await Program.run(
                ["retrain", "mood", "--pipeline", file], signal: signal, once: "of 1000, step ",
                environment: environment)
            #expect(outcome.status == 1, "\(outcome.output)")
            #expect(outcome.error.hasSuffix("\nerror: interrupted\n"), "\(outcome.error.suffix(300))")
            let ended = try connection.execute(
                """
                SELECT verdict || ': ' || reason AS verdict FROM lorikeet.retrainings
                WHERE finished_at IS NOT NULL AND NOT EXISTS (SELECT FROM lorikeet.leases)
                """)
            #expect(try ended.rows.map { try $0.text("verdict") } == ["failed: it was asked to end"])
        }
    }
}
