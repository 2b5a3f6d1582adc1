import Foundation
import KafkaClient
import Threading

/// Streams the catalogue into the topic, bad messages among it.
actor DemoProducer {
    static let topic = "packages"
    static let partitions: Int32 = 2

    private let thread = DedicatedThread(name: "demo-producer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let producer: KafkaProducer
    private let encoder = JSONEncoder()
    private var texts: ArraySlice<CataloguePackage>
    private var bad = BadMessages.all[...]
    /// Messages a partition; with one producer, the next offset.
    private(set) var produced: [Int32: Int64] = [:]

    var total: Int { Int(produced.values.reduce(0, +)) }

    init(brokers: String, texts: ArraySlice<CataloguePackage>) throws {
        producer = try KafkaProducer(properties: [
            "bootstrap.servers": brokers, "linger.ms": "5", "message.max.bytes": "4000000",
            "enable.idempotence": "true",
        ])
        self.texts = texts
    }

    /// Produces the next `count` descriptions, and a bad message after every hundredth, and waits until the broker has them.
    func produce(_ count: Int) throws {
        for package in texts.prefix(count) {
            try send(
                key: package.name,
                payload: Array(try encoder.encode(Payload(package: package.name, description: package.description))))
            if total % 100 == 50, let next = bad.popFirst() { try send(key: nil, payload: next.payload) }
        }
        texts = texts.dropFirst(count)
        try producer.flush(timeout: .seconds(30))
    }

    /// Whether descriptions are left.
    var isExhausted: Bool { texts.isEmpty }

    private func send(key: String?, payload: [UInt8]?) throws {
        let partition = Int32(total % Int(Self.partitions))
        try producer.produce(topic: Self.topic, partition: partition, key: key.map { Array($0.utf8) }, payload: payload)
        produced[partition, default: 0] += 1
    }

    /// What a message carries.
    private struct Payload: Encodable {
        let package: String
        let description: String
        let kind = "binary"
    }
}
