import KafkaClient
import TestSupport
import Testing

@Suite struct ReadingTests {
    @Test func messagesAreReadAsTheyWereWritten() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let producer = try broker.makeProducer()
            let headers = [
                KafkaHeader(name: "a", value: [1, 0, 255]), KafkaHeader(name: "null", value: nil),
                KafkaHeader(name: "a", value: []),
                KafkaHeader(name: "ünï", value: Array("ö".utf8)),
            ]
            try producer.produce(
                topic: "texts", key: [1, 0, 2], payload: Array("größe".utf8), headers: headers,
                timestamp: 1_790_000_000_123)
            try producer.produce(topic: "texts", key: nil, payload: nil)
            try producer.produce(topic: "texts", key: [], payload: [])
            try producer.flush(timeout: .seconds(30))
            #expect(producer.deliveredCount == 3 && producer.failedCount == 0)

            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            let messages = try member.read(3)
            #expect(
                messages[0]
                    == KafkaMessage(
                        topic: "texts", partition: 0, offset: 0, key: [1, 0, 2], payload: Array("größe".utf8),
                        headers: headers,
                        timestamp: 1_790_000_000_123))
            #expect(messages[1].key == nil && messages[1].payload == nil && messages[1].headers.isEmpty)
            #expect(messages[1].timestamp ?? 0 > 1_700_000_000_000)
            #expect(messages[2].key == [] && messages[2].payload == [])
            #expect(!"\(messages[0])".contains("größe"))
            member.consumer.close()
        }
    }

    @Test func pollReturnsWithTheFirstMessage() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let producer = try broker.makeProducer()
            try producer.produce(topic: "texts", payload: [1])
            try producer.flush(timeout: .seconds(30))
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            let began = ContinuousClock.now
            #expect(try member.poll(.seconds(60), maximum: 500).count == 1)
            #expect(ContinuousClock.now - began < .seconds(40))
            member.consumer.close()
        }
    }

    @Test func closedConsumerThrows() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            member.consumer.close()
            #expect(throws: KafkaError.self) { try member.poll() }
        }
    }

    @Test func maximumAndBytesBoundAPoll() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let producer = try broker.makeProducer()
            for _ in 0..<50 { try producer.produce(topic: "texts", payload: [UInt8](repeating: 0, count: 1000)) }
            try producer.flush(timeout: .seconds(30))
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            #expect(try (1...7).contains(member.consumer.poll(maximum: 7, timeout: .seconds(60)).count))
            #expect(
                try (1...3).contains(member.consumer.poll(maximum: 50, timeout: .seconds(60), maximumBytes: 2500).count)
            )
            member.consumer.close()
        }
    }

    @Test func manySmallMessagesArriveInOrder() async throws {
        try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
            let producer = try broker.makeProducer(["linger.ms": "50", "queue.buffering.max.messages": "200000"])
            let count = 60_000
            for index in 0..<count {
                try producer.produce(
                    topic: "texts", partition: Int32(index % 2), payload: [UInt8](repeating: 1, count: 40))
            }
            try producer.flush(timeout: .seconds(60))
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            let messages = try member.read(count)
            for partition in [0, 1] as [Int32] {
                #expect(messages.filter { $0.partition == partition }.map(\.offset) == Array(0..<Int64(count / 2)))
            }
            member.consumer.close()
        }
    }

    @Test func aTopicThatIsCreatedLaterIsRead() async throws {
        try await withEmbeddedBroker(topics: ["later": 2]) { broker in
            try broker.setTopicError("later", 3)
            let properties = broker.consumerProperties(group: "g", ["topic.metadata.refresh.interval.ms": "200"])
            let member = try GroupMember(properties, topics: ["later"])
            try poll([member]) { member.events.contains(.failed("UNKNOWN_TOPIC_OR_PART")) }
            try broker.setTopicError("later", nil)
            let producer = try broker.makeProducer()
            try producer.produce(topic: "later", partition: 1, payload: [9])
            try producer.flush(timeout: .seconds(30))
            #expect(try member.read(1).map(\.payload) == [[9]])
            #expect(member.events.count { $0 == .failed("UNKNOWN_TOPIC_OR_PART") } == 1)
            member.consumer.close()
        }
    }

    /// A group that was away for long has committed an offset that is gone. The embedded broker keeps 5 MiB.
    @Test func lagDoesNotCountWhatTheTopicHasDeleted() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let producer = try broker.makeProducer()
            let payload = [UInt8](repeating: 1, count: 100_000)
            for _ in 0..<80 { try producer.produce(topic: "texts", partition: 0, payload: payload) }
            try producer.flush(timeout: .seconds(30))
            let partition = TopicPartition(topic: "texts", partition: 0)
            func lag(group: String, committed: Int64?) throws -> Int64? {
                let member = try GroupMember(broker.consumerProperties(group: group), topics: ["texts"])
                defer { member.consumer.close() }
                try member.consumer.pause()
                try poll([member]) { !member.consumer.assignment.isEmpty }
                if let committed { try member.consumer.commit([partition: committed]) }
                return member.consumer.lag(timeout: .seconds(20))[partition]
            }
            let kept = try #require(try lag(group: "new", committed: nil))
            #expect(kept > 0 && kept < 80)
            #expect(try lag(group: "old", committed: 4) == kept)
            #expect(try lag(group: "young", committed: 79) == 1)
        }
    }

    @Test func lagCountsWhatWasNotReturnedYet() async throws {
        try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
            let producer = try broker.makeProducer()
            for _ in 0..<10 { try producer.produce(topic: "texts", partition: 0, payload: [1]) }
            try producer.flush(timeout: .seconds(30))
            let (first, second) = (
                TopicPartition(topic: "texts", partition: 0), TopicPartition(topic: "texts", partition: 1)
            )
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            try member.consumer.pause()
            try poll([member]) { !member.consumer.assignment.isEmpty }
            #expect(member.consumer.lag(timeout: .seconds(20)) == [first: 10, second: 0])
            try member.consumer.resume()
            _ = try member.read(10)
            #expect(member.consumer.lag(timeout: .seconds(20)) == [first: 0, second: 0])
            try member.consumer.commit([first: 4])
            #expect(try member.consumer.committed() == [first: 4])
            member.forgetPositions()
            member.consumer.close()

            // A new member that has read nothing yet counts from the committed position.
            let next = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            try next.consumer.pause()
            try poll([next]) { !next.consumer.assignment.isEmpty }
            #expect(next.consumer.lag(timeout: .seconds(20)) == [first: 6, second: 0])
            next.consumer.close()
        }
    }
}
