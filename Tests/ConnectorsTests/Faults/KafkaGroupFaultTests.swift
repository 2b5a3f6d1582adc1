import KafkaClient
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Members that come and go while texts are in flight.
@Suite(.timeLimit(.minutes(5))) struct KafkaGroupFaultTests {
    @Test(arguments: [
        ["partition.assignment.strategy": "range"], ["partition.assignment.strategy": "cooperative-sticky"],
        ["partition.assignment.strategy": "range", "group.instance.id": "member"],
    ])
    func aSecondMemberJoinsAndLeavesInMidBatch(_ properties: [String: String]) async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with(partitions: 4) { topic in
            let members = try (1...2).map { number in
                var settings = topic.settings()
                settings.properties.merge(properties) { $1 }
                if let name = properties["group.instance.id"] { settings.properties["group.instance.id"] = "\(name)-\(number)" }
                settings.maximumMessages = 10
                return try LivePipeline(reading: settings, database) { $0.maximumInFlight = 40 }
            }
            let (first, second) = (members[0], members[1])
            var produced = 0
            func stored() -> Int { first.sink.state.value.messages.union(second.sink.state.value.messages).count }
            /// There is always something in flight, and never much that waits.
            func produce(until isDone: () -> Bool) async throws {
                while !isDone() {
                    if produced - stored() < 40 {
                        try topic.produceTexts(40, partitions: 4)
                        produced += 40
                    }
                    let polls = first.source.state.value.polls
                    await first.source.state.wait { $0.polls > polls }
                }
            }
            try await first.whileRunning {
                try await produce { first.source.state.value.assigned.count == 4 && stored() >= 80 }
                try await second.whileRunning {
                    try await produce { first.source.state.value.assigned.count == 2 && second.sink.state.value.messages.count >= 40 }
                }
                try await produce { first.source.state.value.assigned.count == 4 }
                let (count, others) = (produced, second.sink.state.value.messages)
                await first.sink.state.wait { $0.messages.union(others).count == count }
            }
            try first.expectEveryMessageOnce(produced)
            #expect(first.log.lines("waiting").isEmpty, "\(first.log.lines("waiting"))")
        }
    }
}
