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

    /// Ten records before a time, ten after it, ten after another time. tansu looks for the time at which a record
    /// came, and knows none after the last.
    @Test func recordsAreFoundByTheirTime() async throws {
        try await RealBroker.withStream { stream in
            var times: [Date] = []
            let producer = try KafkaProducer(properties: stream.client)
            for group in 0..<3 {
                for number in 0..<10 {
                    let payload = Array("good food \(group) \(number)".utf8)
                    try producer.produce(
                        topic: DeliveryStream.topic, partition: Int32(number % 2), payload: payload)
                }
                try producer.flush(timeout: .seconds(30))
                // A whole second, as the command line writes it, without records beside it.
                let time = Date(timeIntervalSince1970: Date.now.timeIntervalSince1970.rounded(.down) + 1)
                try await stream.until("the second is over") { Date.now > time.addingTimeInterval(0.1) }
                times.append(time)
            }
            let daemon = try await stream.startDaemon()
            try await stream.until("the records are labelled") { try await stream.rows() == 60 }
            #expect(await daemon.terminate() == 0)

            try await stream.execute("UPDATE lorikeet.labels SET label = 'none', adapter_digest = 'none'")
            let replayed = try await Program.run(
                [
                    "replay", "--pipeline", stream.pipeline, "--from", times[0].ISO8601Format(),
                    "--to", times[1].ISO8601Format(),
                ], environment: stream.environment)
            #expect(replayed.status == 0 && replayed.output.hasPrefix("10 records: "), "\(replayed)")
            let again = "SELECT count(*) FROM lorikeet.labels WHERE label <> 'none'"
            #expect(try await stream.number(again) == 20)
            let bounds = times.map { "to_timestamp(\($0.timeIntervalSince1970))" }
            #expect(try await stream.number("\(again) AND produced_at BETWEEN \(bounds[0]) AND \(bounds[1])") == 20)

            let start = ConsumerStart.time(Int64(times[1].timeIntervalSince1970) * 1000)
            let consumer = try KafkaConsumer(
                properties: ["group.id": "beginners", "session.timeout.ms": "6000"].merging(stream.client) { $1 },
                topics: [DeliveryStream.topic], start: start, onAssigned: { _ in }, onRevoked: { _, _ in [:] })
            defer { consumer.close() }
            var read: Set<String> = []
            let deadline = ContinuousClock.now + .seconds(60)
            while read.count < 10, ContinuousClock.now < deadline {
                for message in try consumer.poll(maximum: 100, timeout: .milliseconds(200)) {
                    read.insert(String(decoding: message.payload ?? [], as: UTF8.self))
                }
            }
            #expect(read == Set((0..<10).map { "good food 2 \($0)" }))
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
