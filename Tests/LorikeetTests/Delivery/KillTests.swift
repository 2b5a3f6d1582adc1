import Foundation
import Testing

@testable import Lab

/// Kills in the middle of a stream: afterwards every message has its rows, once.
@Suite(.scratch, .serialized) struct KillTests {
    @Test func twoKillsInMidStreamLoseAndDoubleNothing() async throws {
        try await DeliveryStream.with { stream in
            for round in 1...2 {
                let daemon = try await stream.startDaemon()
                try await stream.produce(1500)
                try await stream.until("some rows of round \(round) are stored") {
                    try await stream.rows() > (round - 1) * 3000 + 200
                }
                await daemon.kill()
            }
            let daemon = try await stream.startDaemon()
            try await stream.untilAllIsSettled()
            #expect(await daemon.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 3000, complete: 3000, rows: 6000, rejected: 0))
        }
    }

    @Test func aDatabaseCrashInMidStreamLosesNothing() async throws {
        try await DeliveryStream.with { stream in
            let daemon = try await stream.startDaemon()
            try await stream.crashDatabaseInMidStream()
            #expect(await daemon.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 2000, complete: 2000, rows: 4000, rejected: 0))
        }
    }

    @Test func aBadFileOnReloadAndARollbackDoNotDisturbTheStream() async throws {
        try await DeliveryStream.with { stream in
            let daemon = try await stream.startDaemon()
            try await stream.label(300)

            let good = try String(contentsOfFile: stream.pipeline, encoding: .utf8)
            try (good + "\nunknown_key: 1\n").write(toFile: stream.pipeline, atomically: true, encoding: .utf8)
            daemon.signal(SIGHUP)
            try await stream.until("the log refuses the file") { try stream.log().contains("unknown_key") }
            try good.write(toFile: stream.pipeline, atomically: true, encoding: .utf8)

            let environment = ["DATABASE_URL": stream.server.dsn()]
            let imported = try await Program.run(
                ["adapters", "import", "mood", stream.secondAdapter, "--base", stream.base, "--promote"],
                environment: environment)
            #expect(imported.status == 0, "\(imported.error)")
            try await stream.label(300)
            let rolledBack = try await Program.run(["adapters", "rollback", "mood"], environment: environment)
            #expect(rolledBack.status == 0, "\(rolledBack.error)")
            try await stream.label(300)

            #expect(await daemon.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 900, complete: 900, rows: 1800, rejected: 0))
            #expect(try await stream.unknownDigests() == 0)
        }
    }
}
