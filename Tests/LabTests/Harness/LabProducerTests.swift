import LocalServers
import TestSupport
import Testing

@testable import Lab

@Suite(.timeLimit(.minutes(1))) struct LabProducerTests {
    @Test func messagesAreCountedPerPartition() async throws {
        try await withEmbeddedBroker(topics: ["t": 2]) { broker in
            let producer = try LabProducer(brokers: broker.bootstrapServers, topic: "t")
            try await producer.produce((0..<5).map { .init(payload: [UInt8($0)], partition: $0 % 2) })
            try await producer.produce([.init(key: [1], payload: nil)])
            try await producer.flush(within: .seconds(30))
            #expect(await producer.produced == [0: 3, 1: 2])
            #expect(await producer.total == 6)
        }
    }
}
