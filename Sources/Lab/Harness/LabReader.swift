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

    /// Reads the topic from its beginning until these origins have come, each as partition and offset.
    ///
    /// - Parameter limit: how long to wait for them.
    /// - Returns: those that have not come.
    func missing(_ origins: Set<[String]>, within limit: Duration) throws -> Set<[String]> {
        var missing = origins
        let deadline = ContinuousClock.now + limit
        while !missing.isEmpty, ContinuousClock.now < deadline {
            for message in try consumer.poll(maximum: 1000, timeout: .milliseconds(100)) {
                missing.remove(Self.origin(of: message).map { String(decoding: $0 ?? [], as: UTF8.self) })
            }
        }
        consumer.close()
        return missing
    }

    private static func origin(of message: KafkaMessage) -> [[UInt8]?] {
        let headers = Dictionary(message.headers.map { ($0.name, $0.value) }) { first, _ in first }
        return ["lorikeet.partition", "lorikeet.offset"].map { headers[$0] ?? nil }
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
                guard seen.insert(Self.origin(of: message)).inserted,
                    let bytes = message.headers.first(where: { $0.name == "lorikeet.produced_at" })?.value,
                    let producedAt = Int64(String(decoding: bytes, as: UTF8.self))
                else { continue }
                latencies.append(Double(now - producedAt))
            }
        }
        consumer.close()
        return latencies
    }
}
