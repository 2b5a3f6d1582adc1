import KafkaClient
import LocalServers
import TestSupport
import Testing

@Suite struct GroupTests {
    @Test func theNextMemberStartsAtTheCommittedOffset() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try fill(broker, "texts", partitions: 1, each: 10)
            let partition = TopicPartition(topic: "texts", partition: 0)
            let first = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            _ = try first.read(10)
            try first.consumer.commit([partition: 6])
            // Closing asks for positions as well; this one has nothing to add.
            first.forgetPositions()
            first.consumer.close()
            #expect(first.events.last == .revoked([partition], lost: false))

            let second = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            #expect(try second.read(4).map(\.offset) == [6, 7, 8, 9])
            second.consumer.close()
        }
    }

    @Test func closeCommitsWhatTheRevocationReturns() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try fill(broker, "texts", partitions: 1, each: 10)
            let first = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            _ = try first.read(10)
            first.consumer.close()
            try fill(broker, "texts", partitions: 1, each: 1)
            let second = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            #expect(try second.read(1).map(\.offset) == [10])
            second.consumer.close()
            second.consumer.close()
        }
    }

    @Test(arguments: ["range", "cooperative-sticky"])
    func twoMembersShareAndHandOver(_ strategy: String) async throws {
        try await withEmbeddedBroker(topics: ["texts": 4]) { broker in
            try fill(broker, "texts", partitions: 4, each: 25)
            let properties = broker.consumerProperties(group: "g", ["partition.assignment.strategy": strategy])
            let first = try GroupMember(properties, topics: ["texts"])
            let read = try first.read(100)
            #expect(first.consumer.assignment.count == 4)

            let second = try GroupMember(properties, topics: ["texts"])
            try poll([first, second]) { first.consumer.assignment.count == 2 && second.consumer.assignment.count == 2 }
            #expect(Set(first.consumer.assignment).isDisjoint(with: second.consumer.assignment))
            #expect(try #require(first.revocations.first).count == (strategy == "range" ? 4 : 2))

            // Nothing is left out, and nothing comes twice without a commit that was refused: the mock broker, unlike
            // Kafka, takes none while any member still joins or waits for its share, which is always so in an eager
            // handover and, with a slow newcomer, in a cooperative one.
            func refusals() -> Int { (first.events + second.events).count { $0 == .failed("REBALANCE_IN_PROGRESS") } }
            try fill(broker, "texts", partitions: 4, each: 5)
            func all() -> [KafkaMessage] { read + first.later + second.later }
            try poll([first, second]) { Set(all().map(Place.init)).count == 120 }
            #expect(refusals() > 0 || all().count == 120)

            // One leaves: the other takes over.
            second.consumer.close()
            try fill(broker, "texts", partitions: 4, each: 1)
            try poll([first]) { first.positions.count { $0.value == 31 } == 4 }
            #expect(first.consumer.assignment.count == 4)
            #expect(refusals() > 0 || all().count == 124)
            first.consumer.close()
        }
    }

    @Test func pauseOutlivesARebalance() async throws {
        try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
            try fill(broker, "texts", partitions: 2, each: 10)
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            try member.consumer.pause()
            try poll([member]) { !member.consumer.assignment.isEmpty }
            let other = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            try other.consumer.pause()
            try poll([member, other]) { member.consumer.assignment.count == 1 && other.consumer.assignment.count == 1 }
            // Long enough for a fetch, if one were made.
            #expect(try member.poll(.milliseconds(500)).isEmpty && member.positions.isEmpty)
            #expect(member.consumer.isPaused)
            try member.consumer.resume()
            #expect(try member.read(10).map(\.offset) == Array(0..<10))
            #expect(other.positions.isEmpty)
            other.consumer.close()
            member.consumer.close()
        }
    }

    @Test func resumeContinuesWhereReadingStopped() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try fill(broker, "texts", partitions: 1, each: 100)
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            var offsets: [Int64] = []
            let deadline = ContinuousClock.now + .seconds(60)
            while offsets.count < 100, ContinuousClock.now < deadline {
                offsets += try member.poll(.seconds(5), maximum: 9).map(\.offset)
                try member.consumer.pause()
                #expect(try member.poll(.milliseconds(1)).isEmpty)
                try member.consumer.resume()
            }
            #expect(offsets == Array(0..<100))
            member.consumer.close()
        }
    }

    @Test func aReleasedConsumerLeavesTheGroup() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            var member: GroupMember? = try GroupMember(
                broker.consumerProperties(group: "g", ["debug": "cgrp"]), topics: ["texts"])
            let log = try #require(member).log
            try poll([try #require(member)]) { member?.consumer.assignment.isEmpty == false }
            member = nil
            #expect(log.all.contains { $0.facility == "LEAVEGROUP" && $0.message.contains("response received") })
        }
    }

    private func fill(_ broker: EmbeddedBroker, _ topic: String, partitions: Int32, each: Int) throws {
        let producer = try broker.makeProducer()
        for partition in 0..<partitions {
            for index in 0..<each {
                try producer.produce(topic: topic, partition: partition, payload: [UInt8(index % 256)])
            }
        }
        try producer.flush(timeout: .seconds(30))
    }
}

/// Where a message stands.
private struct Place: Hashable {
    var partition: TopicPartition
    var offset: Int64

    init(_ message: KafkaMessage) {
        partition = message.topicPartition
        offset = message.offset
    }
}
