/// A broker that asks for SASL/PLAIN and accepts no password: the embedded broker knows no SASL. It answers ApiVersions
/// 0, SaslHandshake and SaslAuthenticate, nothing else.
///
/// No server stands behind it.
public final class FakeSASLBroker: Sendable {
    /// A request of a login.
    public enum Step: Int16, Sendable {
        case handshake = 17
        case authenticate = 36
    }

    private let proxy: FaultProxy
    /// The value of `bootstrap.servers`.
    public var bootstrapServers: String { proxy.address }

    /// Starts to listen.
    ///
    /// - Parameter hangsUp: the request after which it closes the connection, as a broker that stops does.
    public init(hangsUpAt hangsUp: Step? = nil) throws {
        proxy = try FaultProxy(to: .nobody) { _ in SASLAnswers(hangsUp: hangsUp) }
    }

    /// Closes all connections.
    public func stop() { proxy.stop() }
}

/// What is answered to one connection.
private final class SASLAnswers: ProxyFilter {
    private var received: [UInt8] = []
    private let hangsUp: FakeSASLBroker.Step?

    init(hangsUp: FakeSASLBroker.Step?) { self.hangsUp = hangsUp }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { .pass(bytes) }

    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict {
        received += bytes
        var answers: [UInt8] = []
        while received.count >= 4 {
            var reader = KafkaReader(received)
            let size = Int(reader.int32())
            guard received.count >= 4 + size else { break }
            let (api, version, correlation) = (reader.int16(), reader.int16(), reader.int32())
            received.removeFirst(4 + size)
            if api == hangsUp?.rawValue { return .cut }
            var body = KafkaWriter()
            body.int32(correlation)
            switch api {
            case 18: Self.versions(version, &body)
            case 17:
                body.int16(0)
                body.array(1) { $0.string(Array("PLAIN".utf8)) }
            default:
                body.int16(58)  // SASL_AUTHENTICATION_FAILED
                body.string(Array("Authentication failed".utf8))
                body.int32(0)
                if version >= 1 { body.int64(0) }
            }
            var frame = KafkaWriter()
            frame.int32(Int32(body.bytes.count))
            answers += frame.bytes + body.bytes
        }
        return .answer(answers)
    }

    /// ApiVersions 0; a client that asks for a newer one is told so, and asks again.
    private static func versions(_ version: Int16, _ body: inout KafkaWriter) {
        let known: [(Int16, Int16)] = [(0, 7), (1, 11), (3, 2), (8, 2), (9, 2), (10, 2), (17, 1), (18, 0), (36, 0)]
        body.int16(version == 0 ? 0 : 35)  // UNSUPPORTED_VERSION
        body.int32(Int32(known.count))
        for (api, maximum) in known {
            body.int16(api)
            body.int16(0)
            body.int16(maximum)
        }
    }
}
