import KafkaClient
import Serving
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
