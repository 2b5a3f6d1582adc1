import Connectors
import KafkaClient
import LocalServers
import Serving
import Synchronization
import TestSupport
import Testing

/// Notes what it hears, and gives positions back when partitions go.
final class RecordingListener: PartitionListener {
    struct Heard: Sendable {
        var assigned: [SourcePartition] = []
        var revoked: [SourcePartition] = []
        var owned: Set<SourcePartition> = []
    }

    private let state = Mutex(Heard())
    private let positions: @Sendable ([SourcePartition]) -> [SourcePartition: Int64]

    init(positions: @escaping @Sendable ([SourcePartition]) -> [SourcePartition: Int64] = { _ in [:] }) {
        self.positions = positions
    }

    var heard: Heard { state.withLock { $0 } }

    func partitionsAssigned(_ partitions: [SourcePartition]) {
        state.withLock {
            $0.assigned += partitions
            $0.owned.formUnion(partitions)
        }
    }

    func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] {
        state.withLock {
            $0.revoked += partitions
            $0.owned.subtract(partitions)
        }
        return lost ? [:] : positions(partitions)
    }
}

/// A broker with one topic, and readers of it.
struct TestTopic {
    let broker: EmbeddedBroker
    let name: String

    static func with(partitions: Int = 1, _ body: (TestTopic) async throws -> Void) async throws {
        let broker = try EmbeddedBroker()
        defer { broker.stop() }
        try broker.createTopic("texts", partitions: partitions)
        try await body(TestTopic(broker: broker, name: "texts"))
    }

    func settings(group: String = "readers", brokers: String? = nil) -> KafkaSourceSettings {
        KafkaSourceSettings(
            brokers: brokers ?? broker.bootstrapServers, topics: [name], group: group,
            properties: [
                // The mock broker lets members join for 3 seconds, and throws out those whose session is shorter.
                "session.timeout.ms": "4000", "heartbeat.interval.ms": "200", "reconnect.backoff.max.ms": "100",
                "topic.metadata.refresh.interval.ms": "200",
            ])
    }

    /// A reader that is started, and closed in the end.
    func reading(
        listener: RecordingListener = RecordingListener(), _ settings: KafkaSourceSettings? = nil,
        _ body: (KafkaTextSource) async throws -> Void
    ) async throws {
        let source = KafkaTextSource(settings ?? self.settings())
        try await source.start(listener: listener)
        do { try await body(source) } catch {
            await source.close()
            throw error
        }
        await source.close()
    }

    func produce(_ payloads: [String], partition: Int32 = 0) throws {
        try produce { producer in
            for payload in payloads {
                try producer.produce(topic: name, partition: partition, payload: Array(payload.utf8))
            }
        }
    }

    /// So many texts, in turn over the partitions.
    ///
    /// - Parameter from: the first timestamp; each text is a millisecond younger. `nil` is now.
    func produceTexts(_ count: Int, partitions: Int = 2, from: Int64? = nil, properties: [String: String] = [:]) throws
    {
        try produce(properties) { producer in
            for index in 0..<count {
                try producer.produce(
                    topic: name, partition: Int32(index % partitions), payload: Array("text \(index)".utf8),
                    timestamp: from.map { $0 + Int64(index) })
            }
        }
    }

    /// So many texts to partition 0, in a transaction of the producer of that name.
    func produceTransaction(_ count: Int, identity: String) throws {
        let producer = try TransactionalProducer(brokers: broker.bootstrapServers, identity: identity)
        try producer.transaction {
            for index in 0..<count {
                try producer.produce(topic: name, partition: 0, payload: Array("text \(identity) \(index)".utf8))
            }
        }
    }

    func produce(_ properties: [String: String] = [:], _ body: (KafkaProducer) throws -> Void) throws {
        let base = ["bootstrap.servers": broker.bootstrapServers, "message.max.bytes": "20000000"]
        let producer = try KafkaProducer(properties: base.merging(properties) { $1 })
        try body(producer)
        try producer.flush(timeout: .seconds(20))
    }
}

extension KafkaTextSource {
    /// Polls until so many messages came, for about a minute at most.
    nonisolated func messages(_ count: Int) async throws -> [SourceMessage] {
        var messages: [SourceMessage] = []
        try await poll { more in
            messages += more
            return messages.count >= count
        }
        return messages
    }

    /// Polls until something is true, for about a minute at most.
    nonisolated func poll(until isDone: ([SourceMessage]) throws -> Bool) async throws {
        for _ in 0..<600 where try isDone(try await next()) { return }
        Issue.record("waited too long")
    }

    /// Polls until it fails.
    nonisolated func failure() async -> ConnectorError? {
        for _ in 0..<600 {
            do throws(ConnectorError) { _ = try await next() } catch { return error }
        }
        return nil
    }
}
