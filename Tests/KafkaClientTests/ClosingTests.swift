import KafkaClient
import LocalServers
import TestSupport
import Testing

/// A consumer closes while its group waits for it. librdkafka may discard an answer to a rebalance then, and let
/// whoever gave it wait without end: about one in 200 consumers hangs that answers all of them.
@Suite struct ClosingTests {
    @Test(arguments: ["range", "cooperative-sticky"])
    func anAssignmentThatWaitsIsNotTaken(_ strategy: String) async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            // Static members, which send no farewell, end at once, which is when answers are discarded.
            let members = try (0..<8).map { index in
                try member(of: broker, group: "g\(index)", strategy, ["group.instance.id": "one"])
            }
            for member in members { try await member.joined("wait-assign-call") }
            for member in members { member.consumer.close() }
            #expect(members.allSatisfy { $0.events.isEmpty }, "\(members.map(\.events))")
        }
    }

    @Test(arguments: ["range", "cooperative-sticky"])
    func oneRevocationGivesUpEverything(_ strategy: String) async throws {
        try await withEmbeddedBroker(topics: ["texts": 4]) { broker in
            let first = try member(of: broker, group: "g", strategy)
            try poll([first]) { first.consumer.assignment.count == 4 }
            let second = try member(of: broker, group: "g", strategy)
            // Of the cooperative assignor, this revocation is of the two partitions that the second member gets.
            try await first.joined("wait-unassign-call")
            first.consumer.close()
            // Closing may also discard the revocation that waits: they are lost then.
            #expect(first.revocations == [(0..<4).map { TopicPartition(topic: "texts", partition: $0) }])
            #expect(first.consumer.assignment.isEmpty)
            try poll([second]) { second.consumer.assignment.count == 4 }
            second.consumer.close()
        }
    }

    /// Before 2.3, librdkafka ends the process when it destroys such a consumer.
    @Test func aCooperativeMemberClosesBeforeItsFirstAssignment() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try broker.pushAnswers(.syncGroup, [(code: 0, delay: .seconds(2))])
            let member = try member(of: broker, group: "g", "cooperative-sticky")
            try await member.joined("wait-sync")
            member.consumer.close()
            #expect(member.events.isEmpty)
        }
    }

    private func member(
        of broker: EmbeddedBroker, group: String, _ strategy: String, _ properties: [String: String] = [:]
    ) throws -> GroupMember {
        let own = ["partition.assignment.strategy": strategy, "debug": "cgrp"].merging(properties) { $1 }
        return try GroupMember(broker.consumerProperties(group: group, own), topics: ["texts"])
    }
}

extension GroupMember {
    /// Waits until librdkafka's own log says that this member has reached a state of joining.
    fileprivate func joined(_ state: String) async throws {
        let log = log
        try await eventually("the join state \(state)") {
            log.all.contains { $0.facility == "CGRPJOINSTATE" && $0.message.contains("-> \(state)") }
        }
    }
}
