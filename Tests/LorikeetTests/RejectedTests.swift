import Foundation
import PostgresClient
import TestSupport
import Testing

/// The commands for rejected messages against a real PostgreSQL.
@Suite(.scratch) struct RejectedTests {
    private static func withRejected(_ body: ([String: String]) async throws -> Void) async throws {
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            let connection = try PostgresConnection(dsn: database.dsn(), applicationName: "test")
            defer { connection.close() }
            try connection.execute(
                """
                INSERT INTO lorikeet.rejected
                    (pipeline, topic, "partition", "offset", produced_at, message_key, headers, payload, stage, reason)
                VALUES ('mail', 'letters', 0, 17, to_timestamp(1.5), 'k', '[{"name": "kind", "base64": "YQ=="}]',
                        'a secret letter', 'store', '23514: too short'),
                       ('mail', 'letters', 0, 18, to_timestamp(2), NULL, NULL, '\\xff', 'decode', 'not UTF-8')
                """)
            try await body(environment)
        }
    }

    @Test func rowsAreListedShownAndDiscarded() async throws {
        try await Self.withRejected { environment in
            let list = try await Program.run(
                ["rejected", "list", "--stage", "store", "--since", "1h", "--json"], environment: environment)
            #expect(list.status == 0, "\(list.error)")
            #expect(list.objects.map { $0?["origin"] as? String } == ["letters/0@17"])
            #expect(!list.output.contains("secret"))
            let summary = try await Program.run(
                ["rejected", "list", "--summary", "--reason", "utf"], environment: environment)
            #expect(summary.output.contains("not UTF-8") && !summary.output.contains("too short"), "\(summary.output)")

            let plain = try await Program.run(["rejected", "show", "letters/0@17"], environment: environment)
            #expect(
                plain.status == 0 && plain.output.contains("23514: too short") && !plain.output.contains("secret"),
                "\(plain.output)")
            let whole = try await Program.run(
                ["rejected", "show", "letters/0@17", "--payload", "--json"], environment: environment)
            #expect(whole.objects.first??["payload"] as? String == "a secret letter")
            #expect(whole.objects.first??["key"] as? String == "k")
            let bytes = try await Program.run(
                ["rejected", "show", "letters/0@18", "--payload", "--json"], environment: environment)
            #expect((bytes.objects.first??["payload"] as? [String: String]) == ["base64": "/w=="])
            let missing = try await Program.run(["rejected", "show", "letters/0@19"], environment: environment)
            #expect(missing.status == 1 && missing.error.contains("no rejected record letters/0@19"))

            let careless = try await Program.run(["rejected", "discard"], environment: environment)
            #expect(careless.status == 64, "\(careless.error)")
            let one = try await Program.run(
                ["rejected", "discard", "letters/0@18", "--json"], environment: environment)
            #expect(one.objects.first??["discarded"] as? Int == 1)
            let rest = try await Program.run(
                ["rejected", "discard", "--all", "--name", "mail"], environment: environment)
            #expect(rest.output == "1 rejected record discarded\n")
        }
    }

    @Test func aRetryNeedsAPipelineFile() async throws {
        let outcome = try await Program.run(["rejected", "retry", "--all", "--database", "postgresql:///nowhere"])
        #expect(outcome.status == 64 && outcome.error.contains("--pipeline <file>"), "\(outcome.error)")
        let time = try await Program.run([
            "rejected", "list", "--since", "yesterday", "--database", "postgresql:///nowhere",
        ])
        #expect(time.status == 64, "\(time.error)")
    }
}
