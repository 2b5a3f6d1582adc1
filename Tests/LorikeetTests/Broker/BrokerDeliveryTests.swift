import Foundation
import KafkaClient
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

    /// Each record has a minute of its own, in turn in both partitions.
    @Test func recordsAreFoundByTheirTime() async throws {
        try await RealBroker.withStream { stream in
            // Whole seconds, as the command line writes them.
            let first = Date(timeIntervalSince1970: Date.now.timeIntervalSince1970.rounded(.down) - 3600)
            func time(_ minute: Int) -> Date { first.addingTimeInterval(Double(minute) * 60) }
            let producer = try KafkaProducer(properties: stream.client)
            for minute in 0..<10 {
                try producer.produce(
                    topic: DeliveryStream.topic, partition: Int32(minute % 2),
                    payload: Array("good food \(minute)".utf8),
                    timestamp: Int64(time(minute).timeIntervalSince1970) * 1000)
                // One batch per record: a broker may know the time of batches only.
                try producer.flush(timeout: .seconds(30))
            }
            let daemon = try await stream.startDaemon()
            try await stream.until("the records are labelled") { try await stream.rows() == 20 }
            #expect(await daemon.terminate() == 0)

            try await stream.execute("UPDATE lorikeet.labels SET label = 'none', adapter_digest = 'none'")
            let replayed = try await Program.run(
                [
                    "replay", "--pipeline", stream.pipeline, "--from", time(3).ISO8601Format(),
                    "--to", time(6).ISO8601Format(),
                ], environment: stream.environment)
            #expect(replayed.status == 0 && replayed.output.hasPrefix("3 records: "), "\(replayed)")
            let minutes = "extract(epoch FROM produced_at - to_timestamp(\(Int(first.timeIntervalSince1970)))) / 60"
            let again = try await stream.number(
                "SELECT count(*) FROM lorikeet.labels WHERE label <> 'none' AND \(minutes) IN (3, 4, 5)")
            #expect(again == 6)
            #expect(try await stream.number("SELECT count(*) FROM lorikeet.labels WHERE label <> 'none'") == 6)

            let start = ConsumerStart.time(Int64(time(7).timeIntervalSince1970) * 1000 - 1)
            let consumer = try KafkaConsumer(
                properties: ["group.id": "beginners", "session.timeout.ms": "6000"].merging(stream.client) { $1 },
                topics: [DeliveryStream.topic], start: start, onAssigned: { _ in }, onRevoked: { _, _ in [:] })
            defer { consumer.close() }
            var read: Set<String> = []
            let deadline = ContinuousClock.now + .seconds(60)
            while read.count < 3, ContinuousClock.now < deadline {
                for message in try consumer.poll(maximum: 100, timeout: .milliseconds(200)) {
                    read.insert(String(decoding: message.payload ?? [], as: UTF8.self))
                }
            }
            #expect(read == ["good food 7", "good food 8", "good food 9"])
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
