import KafkaClient
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Parts of topics on the embedded broker, which knows no timestamps, no transaction markers and no compaction:
/// ``RangeProgressTests`` and ``ReplayPlanTests`` have those.
@Suite(.timeLimit(.minutes(2))) struct KafkaRangeSourceTests {
    private static let partition = SourcePartition(topic: "texts", partition: 0)

    private static func ranges(_ texts: String...) -> ReplaySelection {
        .offsets(texts.compactMap { OffsetRange($0) })
    }

    /// Reads all of a selection, and everything is settled at once.
    private static func read(
        _ selection: ReplaySelection, of topic: TestTopic
    ) async throws -> (messages: [SourceMessage], progress: RangeProgress, plan: ReplayPlan) {
        let source = KafkaRangeSource(topic.settings())
        let plan = try await source.plan(selection)
        try await source.start(listener: RecordingListener())
        var messages: [SourceMessage] = []
        while !source.progress.isRead {
            messages += try await source.next()
            var settled: [SourcePartition: Int64] = [:]
            for message in messages { settled[message.origin.sourcePartition] = message.origin.offset + 1 }
            await source.commit(settled)
        }
        _ = try await source.next()
        await source.untilHandedOut()
        await source.close()
        return (messages, source.progress, plan)
    }

    @Test func offsetsAreReadAndNoMore() async throws {
        try await TestTopic.with(partitions: 2) { topic in
            try topic.produceTexts(40)
            let (messages, progress, _) = try await Self.read(
                Self.ranges("texts:0:5-9", "texts:1:18-"), of: topic)
            #expect(messages.filter { $0.origin.partition == 0 }.map(\.origin.offset) == [5, 6, 7, 8, 9])
            #expect(messages.filter { $0.origin.partition == 1 }.map(\.origin.offset) == [18, 19])
            #expect(messages.first { $0.origin.partition == 0 }?.payload == Array("text 10".utf8))
            #expect(progress.rest.isEmpty && progress.offsets == (7, 7))
        }
    }

    /// What arrives meanwhile is behind the end, and the part ends all the same.
    @Test func theEndIsThatOfTheBeginning() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(20, partitions: 1)
            let source = KafkaRangeSource(topic.settings())
            _ = try await source.plan(Self.ranges("texts:0:0-"))
            try topic.produceTexts(20, partitions: 1)
            try await source.start(listener: RecordingListener())
            var offsets: [Int64] = []
            while !source.progress.isRead { offsets += try await source.next().map(\.origin.offset) }
            #expect(offsets == Array(0..<20))
            await source.close()
        }
    }

    @Test func theGroupStaysAsItIs() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(20, partitions: 1)
            try await topic.reading { source in
                _ = try await source.messages(20)
                try await source.commit([Self.partition: 7])
            }
            let (messages, _, _) = try await Self.read(Self.ranges("texts:0:0-"), of: topic)
            #expect(messages.count == 20)
            try await topic.reading { source in
                let first = try await source.messages(1).first
                #expect(first?.origin.offset == 7)
            }
        }
    }

    @Test func whatIsNotThereIsSaidAndNothingIsWaitedFor() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(10, partitions: 1)
            let (messages, progress, plan) = try await Self.read(Self.ranges("texts:0:8-99"), of: topic)
            #expect(messages.map(\.origin.offset) == [8, 9] && progress.rest.isEmpty)
            #expect(plan.parts[Self.partition]?.missing == 10..<100)
            let none = try await Self.read(Self.ranges("texts:0:50-60"), of: topic)
            #expect(none.messages.isEmpty && none.plan.ranges == [Self.partition: 10..<10])
            // The embedded broker finds no record as young as any time.
            let young = try await Self.read(.times(from: 4_000_000_000_000, to: nil), of: topic)
            #expect(young.messages.isEmpty && young.progress.isRead)
        }
    }

    /// The embedded broker keeps 5 MiB per partition: what is older is deleted, as retention does it.
    @Test func deletedRecordsAreGone() async throws {
        try await TestTopic.with { topic in
            let text = String(repeating: "x", count: 100_000)
            try topic.produce([String](repeating: text, count: 80))
            let (messages, progress, plan) = try await Self.read(Self.ranges("texts:0:0-"), of: topic)
            let begin = try #require(plan.parts[Self.partition]?.range.lowerBound)
            #expect(begin > 0 && plan.parts[Self.partition]?.gone == 0..<begin)
            #expect(messages.map(\.origin.offset) == Array(begin..<80) && progress.rest.isEmpty)
        }
    }

    @Test func recordsOfTransactionsAreRead() async throws {
        try await TestTopic.with { topic in
            try topic.produceTransaction(5, identity: "a")
            try topic.produceTransaction(5, identity: "b")
            let (messages, progress, plan) = try await Self.read(Self.ranges("texts:0:0-"), of: topic)
            #expect(messages.count == 10 && progress.isRead)
            #expect(plan.ranges[Self.partition].map { $0.count >= 10 } == true)
        }
    }

    @Test func missingTopicsAndPartitionsAreRefused() async throws {
        try await TestTopic.with { topic in
            var settings = topic.settings()
            settings.topics = ["nothing"]
            let source = KafkaRangeSource(settings)
            await #expect(throws: ReplayRefusal.topic("the topic nothing does not exist")) {
                try await source.plan(.times(from: 0, to: nil))
            }
            let partitions = KafkaRangeSource(topic.settings())
            await #expect(throws: ReplayRefusal.offsets("texts:7:0-: the topic has partitions 0 to 0")) {
                try await partitions.plan(Self.ranges("texts:7:0-"))
            }
            await source.close()
            await partitions.close()
        }
    }

    @Test func brokersThatAreAwayAreNamed() async throws {
        try await TestTopic.with { topic in
            let source = KafkaRangeSource(topic.settings(brokers: "127.0.0.1:1"))
            let error = await #expect(throws: ConnectorError.self) { try await source.plan(Self.ranges("texts:0:0-")) }
            #expect(error?.action == .retry && error?.reason.contains("127.0.0.1:1 do not answer") == true)
            await source.close()
        }
    }

    /// Nothing is lost or read twice by an outage, and it is reported as something to retry.
    @Test func anOutageIsRetried() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(10, partitions: 1)
            let source = KafkaRangeSource(topic.settings())
            _ = try await source.plan(Self.ranges("texts:0:0-"))
            try topic.broker.setDown()
            try await source.start(listener: RecordingListener())
            var failure: ConnectorError?
            while failure == nil {
                do throws(ConnectorError) { _ = try await source.next() } catch { failure = error }
            }
            #expect(failure?.action == .retry)
            try topic.broker.setUp()
            var offsets: [Int64] = []
            while !source.progress.isRead {
                do throws(ConnectorError) { offsets += try await source.next().map(\.origin.offset) } catch {
                    #expect(error.action == .retry)
                }
            }
            #expect(offsets == Array(0..<10))
            await source.close()
        }
    }

    @Test func pausedNothingIsDelivered() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(10, partitions: 1)
            let source = KafkaRangeSource(topic.settings())
            _ = try await source.plan(Self.ranges("texts:0:0-"))
            try await source.start(listener: RecordingListener())
            try await source.pause()
            for _ in 0..<5 { #expect(try await source.next().isEmpty) }
            #expect(await source.lag() == [Self.partition: 10])
            try await source.resume()
            var count = 0
            while !source.progress.isRead { count += try await source.next().count }
            #expect(count == 10)
            await source.close()
        }
    }

    @Test func theRateBoundsEachPoll() async throws {
        try await TestTopic.with { topic in
            try topic.produceTexts(30, partitions: 1)
            let clock = ManualClock()
            let source = KafkaRangeSource(topic.settings(), rate: 50, clock: clock.clock)
            _ = try await source.plan(Self.ranges("texts:0:0-"))
            try await source.start(listener: RecordingListener())
            var count = 0
            while count < 5 { count += try await source.next().count }
            #expect(count == 5)
            clock.advance(by: .milliseconds(110))
            while count < 10 { count += try await source.next().count }
            #expect(count == 10)
            await source.close()
        }
    }
}
