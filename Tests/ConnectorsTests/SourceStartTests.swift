import KafkaClient
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Where a new group begins, and topics by pattern.
@Suite(.timeLimit(.minutes(2))) struct SourceStartTests {
    private let partition = SourcePartition(topic: "texts", partition: 0)

    @Test func aNewGroupBeginsBehindTheLastRecordAndAnOldOneResumes() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["old", "older"])
            var settings = topic.settings()
            settings.start = .latest
            let listener = RecordingListener()
            try await topic.reading(listener: listener, settings) { source in
                var early: [SourceMessage] = []
                while listener.heard.assigned.isEmpty { early += try await source.next() }
                early += try await source.next()
                #expect(early.isEmpty)
            }
            // Nothing was read and nothing committed by the reader, and still the group has its place.
            try topic.produce(["new"])
            try await topic.reading(settings) { source in
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.offset) == [2])
                try await source.commit([partition: 1])
            }
            // A committed offset goes before the start.
            try await topic.reading(settings) { source in
                let message = try await source.messages(1).first
                #expect(message?.origin.offset == 1)
            }
        }
    }

    /// The group has read the topic, so its other partition was added later. A broker that does not say where the
    /// partition begins, TOPIC_AUTHORIZATION_FAILED, changes nothing.
    @Test(arguments: [SourceStart.latest, .time(4_000_000_000_000)], [[], [29]])
    func anAddedPartitionIsReadFromItsFirstRecord(_ start: SourceStart, refusals: [Int32]) async throws {
        try await TestTopic.with(partitions: 2) { topic in
            try topic.produce(["read"])
            try topic.produce(["first of the added partition"], partition: 1)
            try await topic.reading { source in
                _ = try await source.messages(2)
                try await source.commit([partition: 1])
            }
            var settings = topic.settings()
            settings.start = start
            try topic.broker.pushErrors(.listOffsets, refusals)
            try await topic.reading(settings) { source in
                let message = try await source.messages(1).first
                #expect(message?.origin.partition == 1 && message?.origin.offset == 0)
            }
        }
    }

    /// Nothing in it is older than the group.
    @Test func aTopicThatMatchesLaterIsReadFromItsFirstRecord() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["old"])
            var settings = topic.settings()
            settings.topics = ["^texts.*"]
            settings.start = .latest
            let listener = RecordingListener()
            try await topic.reading(listener: listener, settings) { source in
                while listener.heard.assigned.isEmpty { _ = try await source.next() }
                try topic.broker.createTopic("texts-later", partitions: 1)
                try topic.produce { try $0.produce(topic: "texts-later", partition: 0, payload: Array("first".utf8)) }
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.topic) == ["texts-later"] && messages.first?.origin.offset == 0)
            }
            // Nobody has committed a record of it, and still a reader that begins anew skips none.
            try await topic.reading(settings) { source in
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.topic) == ["texts-later"] && messages.first?.origin.offset == 0)
            }
        }
    }

    /// Of a new topic, the start holds for all partitions, however few of them the member has.
    @Test func theFirstMemberCommitsTheStartOfAllPartitions() async throws {
        try await TestTopic.with(partitions: 2) { topic in
            try topic.produce(["old"])
            try topic.produce(["old"], partition: 1)
            var settings = topic.settings()
            settings.start = .latest
            let (first, second) = (RecordingListener(), RecordingListener())
            try await topic.reading(listener: first, settings) { one in
                try await topic.reading(listener: second, settings) { other in
                    var read: [SourceMessage] = []
                    while first.heard.owned.count != 1 || second.heard.owned.count != 1 {
                        read += try await one.next()
                        read += try await other.next()
                    }
                    #expect(read.isEmpty)
                }
            }
        }
    }

    /// Nothing is left out: the partition begins at its first record.
    @Test func theLogSaysSoIfTheBrokersDoNotSayWhereToBegin() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["old"])
            var settings = topic.settings()
            settings.start = .latest
            // ListOffsets, refused for good: TOPIC_AUTHORIZATION_FAILED.
            try topic.broker.pushErrors(.listOffsets, [29])
            let log = CapturedLog()
            let source = KafkaTextSource(settings, logger: log.logger)
            try await source.start(listener: RecordingListener())
            do {
                let message = try await source.messages(1).first
                #expect(message?.origin.offset == 0)
                let lines = log.lines.value.count { $0.message.hasPrefix("cannot find where the group is to begin") }
                #expect(lines == 1)
            } catch {
                await source.close()
                throw error
            }
            await source.close()
        }
    }

    @Test func byDefaultANewGroupBeginsAtTheFirstRecord() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["old"])
            #expect(topic.settings().start == .earliest && topic.settings().consumerStart == .byDefault)
            try await topic.reading { source in
                let message = try await source.messages(1).first
                #expect(message?.origin.offset == 0)
            }
        }
    }

    /// The embedded broker knows no timestamps: it finds no record as young as any time, which is the end.
    @Test func aTimeBehindTheLastRecordIsTheEnd() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["old"])
            var settings = topic.settings()
            settings.start = .time(4_000_000_000_000)
            let listener = RecordingListener()
            try await topic.reading(listener: listener, settings) { source in
                while listener.heard.assigned.isEmpty { _ = try await source.next() }
                try topic.produce(["new"])
                let message = try await source.messages(1).first
                #expect(message?.origin.offset == 1)
            }
        }
    }

    @Test func topicsAreReadByPattern() async throws {
        try await TestTopic.with { topic in
            for name in ["tickets-a", "tickets-b", "other"] {
                try topic.broker.createTopic(name, partitions: 1)
                try topic.produce { try $0.produce(topic: name, partition: 0, payload: Array(name.utf8)) }
            }
            var settings = topic.settings()
            settings.topics = ["^tickets-.*"]
            try await topic.reading(settings) { source in
                let messages = try await source.messages(2)
                #expect(Set(messages.map(\.origin.topic)) == ["tickets-a", "tickets-b"])
            }
        }
    }

    @Test func aPatternIsAnExtendedRegularExpression() {
        let pattern = TopicPattern("^tickets-(a|b)[0-9]+$")
        #expect(pattern?.matches("tickets-a12") == true && pattern?.matches("tickets-c1") == false)
        #expect(pattern?.matches("my-tickets-a1") == false)
        let isPattern = TopicPattern("^(") != nil
        #expect(!isPattern)
        #expect(TopicPattern.isPattern("^a") && !TopicPattern.isPattern("a^"))
        let review = KafkaConsumer.review(
            properties: ["bootstrap.servers": "127.0.0.1:1", "group.id": "g"], topics: ["^("])
        #expect(review.problems.map(\.message) == ["source.kafka.topics: ^( is not an extended regular expression"])
    }
}
