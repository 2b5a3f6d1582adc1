import FoundationEssentials
import Kernels
import LocalServers
import TestSupport
import Testing

@testable import Lab

/// A soak on an external broker.
@Suite(.timeLimit(.minutes(2))) struct SoakServersTests {
    private func settings(brokers: String, topic: String, breakBroker: String? = nil) -> SoakSettings {
        SoakSettings(
            duration: .seconds(1), seed: 1, base: "", brokers: brokers, breakBroker: breakBroker, topic: topic,
            database: nil, logs: nil)
    }

    private func withServers(_ settings: SoakSettings, _ body: (SoakServers) async throws -> Void) async throws {
        let folder = try ScratchFolder("soak-test")
        defer { folder.remove() }
        let servers = try SoakServers(settings, folder: folder)
        do {
            try await body(servers)
            await servers.stop()
        } catch {
            await servers.stop()
            throw error
        }
    }

    @Test func allPartitionsOfAnExternalTopicAreCounted() async throws {
        try await withEmbeddedBroker(topics: ["six": 6]) { broker in
            try await withServers(settings(brokers: broker.bootstrapServers, topic: "six")) { servers in
                try await servers.database.migrate()
                try await servers.database.execute(
                    """
                    INSERT INTO lorikeet.labels
                        (pipeline, topic, "partition", "offset", task, produced_at, label, score, scores,
                            adapter_digest)
                    SELECT 'p', 'six', p, o, 'kind', now(), 'a', 1, '{}', 'd'
                    FROM generate_series(0, 5) AS p, generate_series(10, 19) AS o
                    """)
                #expect(try await servers.stored(pipeline: "p") == 60)
                #expect(try await servers.stored(pipeline: "another") == 0)
            }
        }
    }

    @Test func theCommandBreaksAndRepairsTheBroker() async throws {
        let scratch = try ScratchFolder("soak-test")
        defer { scratch.remove() }
        let words = scratch.path("words")
        func said() throws -> String { try String(contentsOfFile: words, encoding: .utf8) }
        let command = "echo >> '\(words)'"
        try await withEmbeddedBroker(topics: ["t": 1]) { broker in
            let settings = settings(brokers: broker.bootstrapServers, topic: "t", breakBroker: command)
            var random = SplitMix64(seed: 1)
            let fault = SoakFault(among: [.breakBroker], daemons: 1, random: &random)
            try await withServers(settings) { servers in
                #expect(servers.possibleFaults.contains(.breakBroker) && !servers.possibleFaults.contains(.cutBroker))
                try await servers.begin(fault, random: 0)
                try await servers.end(fault)
                #expect(try said() == "break\nmend\n")
                // A broker that is still broken at the end is repaired.
                try await servers.begin(fault, random: 0)
            }
            #expect(try said() == "break\nmend\nbreak\nmend\n")
        }
    }

    @Test func aFailingCommandEndsTheSoak() async throws {
        try await withEmbeddedBroker(topics: ["t": 1]) { broker in
            var random = SplitMix64(seed: 1)
            let fault = SoakFault(among: [.breakBroker], daemons: 1, random: &random)
            try await withServers(settings(brokers: broker.bootstrapServers, topic: "t", breakBroker: "false")) {
                servers in
                await #expect(throws: LabError.self) { try await servers.begin(fault, random: 0) }
            }
        }
    }
}
