import Foundation
import Serving
import TestSupport
import Testing

@testable import Lab

/// What the embedded broker cannot show: transactions, and members that a group knows again.
@Suite(.realBroker, .scratch, .serialized, .timeLimit(.minutes(10))) struct BrokerDeliveryTests {
    /// The dead member's session is longer than this test waits.
    @Test func aStaticMemberIsBackBeforeItsSessionEnds() async throws {
        try await RealBroker.withStream(sessionTimeout: .seconds(30)) { stream in
            let state = ["STATE_DIRECTORY": (stream.pipeline as NSString).deletingLastPathComponent]
            let first = try await stream.startDaemon(state)
            try await stream.label(20)
            await first.kill()
            let killed = ContinuousClock.now
            let second = try await stream.startDaemon(state)
            try await stream.label(20)
            #expect(ContinuousClock.now - killed < .seconds(30), "its session is over")
            #expect(try stream.log().contains("static member of the consumer group"))
            #expect(await second.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 40, complete: 40, rows: 80, rejected: 0))
        }
    }

    /// A state directory that was copied: both daemons are the same member, and only one of them can be it.
    @Test func theOlderOfTwoDaemonsWithOneIDEndsWithAdvice() async throws {
        try await RealBroker.withStream { stream in
            let state = (stream.pipeline as NSString).deletingLastPathComponent
            let first = try await stream.startDaemon(["STATE_DIRECTORY": state])
            try await stream.label(20)
            let log = stream.logFile
            let copy = state + "/copy"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            for file in try FileManager.default.contentsOfDirectory(atPath: state)
            where file.hasPrefix("group-instance-") {
                try FileManager.default.copyItem(atPath: "\(state)/\(file)", toPath: "\(copy)/\(file)")
            }
            let second = try await stream.startDaemon(["STATE_DIRECTORY": copy])
            #expect(await first.exitStatus() == 78)
            let told = try String(contentsOfFile: log, encoding: .utf8)
            #expect(told.contains("FENCED_INSTANCE_ID") && told.contains("group-instance-*"), "\(told)")
            try await stream.label(20)
            #expect(await second.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 40, complete: 40, rows: 80, rejected: 0))
        }
    }

    /// Both partitions end with the marker of a transaction, which is no record and for which nothing waits.
    @Test func recordsOfTransactionsAreLabelledAndReplayed() async throws {
        try await RealBroker.withStream { stream in
            let producer = try TransactionalProducer(
                brokers: stream.client["bootstrap.servers"] ?? "", identity: "texts")
            for text in ["good food", "nice day"] {
                try producer.transaction {
                    for index in 0..<10 {
                        let payload = Array("\(text) \(index)".utf8)
                        try producer.produce(
                            topic: DeliveryStream.topic, partition: Int32(index % 2), payload: payload)
                    }
                }
            }
            let daemon = try await stream.startDaemon()
            try await stream.until("the records are labelled") { try await stream.rows() == 40 }
            try await stream.until("nothing waits") { Self.lags(daemon) == [0, 0] }
            #expect(await daemon.terminate() == 0)
            // It begins at the markers, which nobody has committed.
            let next = try await stream.startDaemon()
            try await stream.until("nothing waits") { Self.lags(next) == [0, 0] }
            #expect(await next.terminate() == 0)

            let before = try await stream.digest()
            try await stream.execute("UPDATE lorikeet.labels SET label = 'none', adapter_digest = 'none'")
            let ranges = ["--offsets", "texts:0:0-", "--offsets", "texts:1:0-"]
            let replayed = try await Program.run(
                ["replay", "--pipeline", stream.pipeline] + ranges, environment: stream.environment)
            #expect(replayed.status == 0, "\(replayed.output) \(replayed.error)")
            #expect((replayed.output + replayed.error).contains("texts:0: 2 offsets hold no record"))
            #expect(try await stream.rows() == 40)
            #expect(try await stream.digest() == before)
        }
    }

    /// Of the partitions of which the daemon says it.
    private static func lags(_ daemon: DaemonProcess) -> [Double] {
        daemon.metrics()?.samples(MetricNames.lag).map(\.value) ?? []
    }

    @Test func whatIsLabelledIsPublished() async throws {
        try await RealBroker.withStream(publishes: true) { stream in
            let daemon = try await stream.startDaemon()
            try await stream.label(500)
            await daemon.kill()
            let second = try await stream.startDaemon()
            try await stream.label(500)
            try await stream.untilOutboxIsEmpty()
            #expect(await second.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 1000, complete: 1000, rows: 2000, rejected: 0))
            #expect(Set(try stream.published().map { Array($0.dropFirst()) }).count == 1000)
        }
    }
}
