import Foundation
import Kernels
import PostgresClient
import TestSupport
import Testing

@testable import Lab
@testable import Operations
@testable import lorikeet

/// A soak on a broker that is not its own.
@Suite(.timeLimit(.minutes(2))) struct SoakServersTests {
    private func settings(brokers: String, topic: String, breakBroker: String? = nil) -> SoakSettings {
        SoakSettings(
            duration: .seconds(1), seed: 1, base: "", brokers: brokers, breakBroker: breakBroker, topic: topic,
            database: nil, logs: nil)
    }

    private func withServers(_ settings: SoakSettings, _ body: (SoakServers) async throws -> Void) async throws {
        let folder = try ServerScratch.make("soak-test-\(UUID().uuidString.lowercased())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let servers = try SoakServers(settings, folder: folder)
        do {
            try await body(servers)
            await servers.stop()
        } catch {
            await servers.stop()
            throw error
        }
    }

    @Test func anOutsideTopicOfSixPartitionsIsCountedWhole() async throws {
        try await withEmbeddedBroker(topics: ["six": 6]) { broker in
            try await withServers(settings(brokers: broker.bootstrapServers, topic: "six")) { servers in
                try await servers.migrate()
                let connection = try PostgresConnection(dsn: servers.dsn)
                defer { connection.close() }
                try connection.execute(
                    """
                    INSERT INTO lorikeet.labels
                        (pipeline, topic, "partition", "offset", task, produced_at, label, score, scores, adapter_digest)
                    SELECT 'p', 'six', p, o, 'kind', now(), 'a', 1, '{}', 'd'
                    FROM generate_series(0, 5) AS p, generate_series(10, 19) AS o
                    """)
                #expect(try await servers.stored(pipeline: "p") == 60)
                #expect(try await servers.stored(pipeline: "another") == 0)
            }
        }
    }

    @Test func theBrokersCommandBreaksAndMends() async throws {
        let scratch = try Scratch()
        let words = scratch.path("words")
        let command = "echo >> '\(words)'"
        try await withEmbeddedBroker(topics: ["t": 1]) { broker in
            let settings = settings(brokers: broker.bootstrapServers, topic: "t", breakBroker: command)
            var random = SplitMix64(seed: 1)
            let fault = SoakFault(among: [.breakBroker], daemons: 1, random: &random)
            try await withServers(settings) { servers in
                #expect(servers.possible.contains(.breakBroker) && !servers.possible.contains(.cutBroker))
                try await servers.begin(fault, random: 0)
                try await servers.end(fault)
                #expect(try scratch.text("words") == "break\nmend\n")
                // What a soak that is cut short leaves broken is mended at its end.
                try await servers.begin(fault, random: 0)
            }
            #expect(try scratch.text("words") == "break\nmend\nbreak\nmend\n")
        }
    }

    @Test func aCommandThatFailsEndsTheSoak() async throws {
        try await withEmbeddedBroker(topics: ["t": 1]) { broker in
            var random = SplitMix64(seed: 1)
            let fault = SoakFault(among: [.breakBroker], daemons: 1, random: &random)
            try await withServers(settings(brokers: broker.bootstrapServers, topic: "t", breakBroker: "false")) {
                servers in
                await #expect(throws: CommandFailure.self) { try await servers.begin(fault, random: 0) }
            }
        }
    }
}
