import Foundation
import Serving
import Testing

@testable import Lab

/// A daemon that publishes is killed: afterwards every row is published at least once, each partition in order.
@Suite(.scratch, .serialized, .timeLimit(.minutes(10))) struct OutboxCrashTests {
    @Test(arguments: [
        CrashPoint.inTransaction, .afterTransaction, .beforePublication, .afterPublication, .afterOffsetCommit,
    ])
    func aCrashLosesNoPublication(_ point: CrashPoint) async throws {
        try await DeliveryStream.with(sessionTimeout: .seconds(4), publishes: true) { stream in
            try await stream.produce(200)
            try await stream.crashTwice(at: point)
            let daemon = try await stream.startDaemon()
            try await stream.untilAllIsSettled()
            try await stream.untilOutboxIsEmpty()
            #expect(await daemon.terminate() == 0)
            try expectAll(of: stream)
        }
    }

    /// The server loses what is published and not yet removed, or removed without waiting for the disk.
    @Test func aCrashOfTheDatabaseLosesNoPublication() async throws {
        try await DeliveryStream.with(publishes: true) { stream in
            let daemon = try await stream.startDaemon()
            try await stream.crashDatabaseInMidStream()
            try await stream.untilOutboxIsEmpty()
            #expect(await daemon.terminate() == 0)
            try expectAll(of: stream)
        }
    }

    /// Every message; and within a partition of the output, the first publications of a source partition in order.
    private func expectAll(of stream: DeliveryStream) throws {
        let records = try stream.published()
        var seen: Set<[String]> = []
        var last: [[String]: Int] = [:]
        for record in records where seen.insert(Array(record.dropFirst())).inserted {
            let offset = Int(record[2]) ?? -1
            #expect(offset > last[Array(record.prefix(2))] ?? -1, "\(record)")
            last[Array(record.prefix(2))] = offset
        }
        #expect(seen.count == stream.total)
    }
}
