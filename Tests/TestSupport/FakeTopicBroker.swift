/// A broker that knows topics with a configuration, which the embedded broker does not: it answers ApiVersions 0,
/// Metadata 1 and DescribeConfigs 0, nothing else.
///
/// No server stands behind it.
public final class FakeTopicBroker: Sendable {
    private static let metadataAPI: Int16 = 3
    private static let configurationAPI: Int16 = 32
    private let proxy: FaultProxy
    /// The value of `bootstrap.servers`.
    public var bootstrapServers: String { proxy.address }

    /// Starts to listen.
    ///
    /// - Parameter topics: `max.message.bytes` by topic; nil: the broker does not show it to this user.
    public init(topics: [String: Int?]) throws {
        proxy = try FaultProxy(to: .nobody) { port in
            let versions = [(Self.metadataAPI, Int16(1)...1), (Self.configurationAPI, 0...0)]
            return KafkaAnswers(versions: versions) { api, _, request, answer in
                switch api {
                case Self.metadataAPI: Self.metadata(of: topics, port: port, &answer)
                case Self.configurationAPI: Self.configuration(of: topics, &request, &answer)
                default: return false
                }
                return true
            }
        }
    }

    /// Closes all connections.
    public func stop() { proxy.stop() }

    private static func metadata(of topics: [String: Int?], port: UInt16, _ body: inout KafkaWireWriter) {
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

    private static func configuration(
        of topics: [String: Int?], _ request: inout KafkaWireReader, _ body: inout KafkaWireWriter
    ) {
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
