/// A broker that knows topics with a configuration, which the embedded broker does not: it answers ApiVersions 0,
/// Metadata 1 and DescribeConfigs 0, nothing else.
///
/// No server stands behind it.
public final class FakeTopicBroker: Sendable {
    private let proxy: FaultProxy
    /// The value of `bootstrap.servers`.
    public var bootstrapServers: String { proxy.address }

    /// Starts to listen.
    ///
    /// - Parameter topics: `max.message.bytes` by topic; nil: the broker does not show it to this user.
    public init(topics: [String: Int?]) throws {
        proxy = try FaultProxy(to: .nobody) { TopicAnswers(topics: topics, port: $0) }
    }

    /// Closes all connections.
    public func stop() { proxy.stop() }
}

/// What is answered to one connection.
private final class TopicAnswers: ProxyFilter {
    private let topics: [String: Int?]
    private let port: UInt16
    private var received: [UInt8] = []

    init(topics: [String: Int?], port: UInt16) { (self.topics, self.port) = (topics, port) }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { .pass(bytes) }

    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict {
        received += bytes
        var answers: [UInt8] = []
        while received.count >= 4 {
            var reader = KafkaReader(received)
            let size = Int(reader.int32())
            guard received.count >= 4 + size else { break }
            let (api, version, correlation) = (reader.int16(), reader.int16(), reader.int32())
            _ = reader.string()
            received.removeFirst(4 + size)
            var body = KafkaWriter()
            body.int32(correlation)
            switch api {
            case 18: Self.versions(version, &body)
            case 3: metadata(&body)
            case 32: configuration(&reader, &body)
            default: continue
            }
            var frame = KafkaWriter()
            frame.int32(Int32(body.bytes.count))
            answers += frame.bytes + body.bytes
        }
        return .answer(answers)
    }

    /// ApiVersions 0; a client that asks for a newer one is told so, and asks again.
    private static func versions(_ version: Int16, _ body: inout KafkaWriter) {
        let known: [(api: Int16, version: Int16)] = [(3, 1), (18, 0), (32, 0)]
        body.int16(version == 0 ? 0 : 35)  // UNSUPPORTED_VERSION
        body.int32(Int32(known.count))
        for (api, version) in known {
            body.int16(api)
            body.int16(version == 1 ? 1 : 0)
            body.int16(version)
        }
    }

    private func metadata(_ body: inout KafkaWriter) {
        body.array(1) { broker in
            broker.int32(1)
            broker.string(Array("127.0.0.1".utf8))
            broker.int32(Int32(port))
            broker.string(nil)
        }
        body.int32(1)
        body.int32(Int32(topics.count))
        for name in topics.keys.sorted() {
            body.int16(0)
            body.string(Array(name.utf8))
            body.int8(0)
            body.array(1) { partition in
                partition.int16(0)
                partition.int32(0)
                partition.int32(1)
                for _ in 0..<2 { partition.array(1) { $0.int32(1) } }
            }
        }
    }

    private func configuration(_ request: inout KafkaReader, _ body: inout KafkaWriter) {
        var names: [String] = []
        for _ in 0..<max(0, request.int32()) {
            _ = request.int8()
            names.append(String(decoding: request.string() ?? [], as: UTF8.self))
            for _ in 0..<max(0, request.int32()) { _ = request.string() }
        }
        body.int32(0)
        body.int32(Int32(names.count))
        for name in names {
            let limit = topics[name] ?? nil
            body.int16(limit == nil ? 29 : 0)  // TOPIC_AUTHORIZATION_FAILED
            body.string(nil)
            body.int8(2)
            body.string(Array(name.utf8))
            body.array(limit == nil ? 0 : 1) { entry in
                entry.string(Array("max.message.bytes".utf8))
                entry.string(Array("\(limit ?? 0)".utf8))
                for _ in 0..<3 { entry.int8(0) }
            }
        }
    }
}
