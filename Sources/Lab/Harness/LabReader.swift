import KafkaClient
import Threading

/// Reads published records from one topic and notes how long each took, on a thread of its own: librdkafka blocks.
actor LabReader {
    private let thread = DedicatedThread(name: "lab-reader")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let consumer: KafkaConsumer

    init(brokers: String, topic: String) throws {
        consumer = try KafkaConsumer(
            properties: [
                "bootstrap.servers": brokers, "group.id": "lab reader of \(topic)", "fetch.wait.max.ms": "10",
                "session.timeout.ms": "6000",
            ], topics: [topic], onAssigned: { _ in }, onRevoked: { _, _ in [:] })
    }

    /// Milliseconds from the timestamp of the source record until the published one is here, in the order of arrival.
    /// Repetitions do not count.
    ///
    /// - Parameter count: how many records to wait for.
    func latencies(_ count: Int) throws -> [Double] {
        var latencies: [Double] = []
        var seen: Set<[[UInt8]?]> = []
        let deadline = ContinuousClock.now + .seconds(600)
        while latencies.count < count {
            guard ContinuousClock.now < deadline else {
                throw LabError("only \(latencies.count) of \(count) records were published in 600 s")
            }
            let messages = try consumer.poll(maximum: 1000, timeout: .milliseconds(100))
            let now = Clock.systemDate()
            for message in messages {
                let headers = Dictionary(message.headers.map { ($0.name, $0.value) }) { first, _ in first }
                let origin = ["lorikeet.partition", "lorikeet.offset"].map { headers[$0] ?? nil }
                guard seen.insert(origin).inserted, let bytes = headers["lorikeet.produced_at"] ?? nil,
                    let producedAt = Int64(String(decoding: bytes, as: UTF8.self))
                else { continue }
                latencies.append(Double(now - producedAt))
            }
        }
        consumer.close()
        return latencies
    }
}
