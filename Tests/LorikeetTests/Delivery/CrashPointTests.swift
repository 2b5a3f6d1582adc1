import Foundation
import Serving
import Testing

@testable import Lab

/// The daemon dies at each crash point, twice in a row. The next daemon leaves nothing lost and nothing doubled.
@Suite(.scratch, .serialized, .timeLimit(.minutes(10))) struct CrashPointTests {
    @Test func twoCrashesAtEachPointLoseAndDoubleNothing() async throws {
        try await DeliveryStream.with(sessionTimeout: .seconds(4)) { stream in
            // This pipeline publishes nothing.
            let publishing: Set<CrashPoint> = [.beforePublication, .afterPublication]
            for point in CrashPoint.allCases where !publishing.contains(point) {
                try await stream.produce(200)
                try await stream.crashTwice(at: point)
                let daemon = try await stream.startDaemon()
                try await stream.untilAllIsSettled()
                #expect(await daemon.terminate() == 0, "\(point)")
                let total = stream.total
                #expect(
                    try await stream.count() == .init(messages: total, complete: total, rows: 2 * total, rejected: 0),
                    "\(point)")
            }
        }
    }
}

/// SIGTERM while the daemon cannot finish what is in flight: it exits, and the next daemon reads that again.
@Suite(.scratch, .serialized, .timeLimit(.minutes(5))) struct TerminationTests {
    @Test func whatCannotBeDrainedInTimeIsAbandoned() async throws {
        try await DeliveryStream.with(sessionTimeout: .seconds(4)) { stream in
            try await stream.execute(
                """
                CREATE FUNCTION lorikeet.slow() RETURNS trigger LANGUAGE plpgsql
                    AS 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END';
                CREATE TRIGGER slow AFTER INSERT ON lorikeet.labels
                    FOR EACH STATEMENT EXECUTE FUNCTION lorikeet.slow()
                """)
            let daemon = try await stream.startDaemon()
            try await stream.produce(8000)
            try await stream.until("the queues are full") {
                (daemon.metrics()?.sum("lorikeet_in_flight_messages") ?? 0) >= 4000
            }
            #expect(await daemon.terminate() == 0)
            #expect(try await stream.rows() < 16_000)
            try await stream.execute("DROP TRIGGER slow ON lorikeet.labels")
            try await finish(stream)
        }
    }

    @Test func itExitsWhileTheDatabaseIsUnavailable() async throws {
        try await DeliveryStream.with(sessionTimeout: .seconds(4)) { stream in
            let daemon = try await stream.startDaemon()
            try await stream.produce(1000)
            try await stream.until("some rows are stored") { try await stream.rows() > 100 }
            try stream.server.crash()
            try await stream.produce(500)
            try await stream.until("the daemon is not ready") { !daemon.isReady() }
            #expect(await daemon.terminate() == 0)
            try stream.server.restart()
            try await finish(stream)
        }
    }

    private func finish(_ stream: DeliveryStream) async throws {
        let daemon = try await stream.startDaemon()
        try await stream.untilAllIsSettled()
        #expect(await daemon.terminate() == 0)
        let total = stream.total
        #expect(try await stream.count() == .init(messages: total, complete: total, rows: 2 * total, rejected: 0))
    }
}
