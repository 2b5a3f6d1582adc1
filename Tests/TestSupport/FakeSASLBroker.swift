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
        proxy = try FaultProxy(to: .nobody) { _ in
            KafkaAnswers(versions: Self.versions) { api, _, _, answer in
                if api == hangsUp?.rawValue { return false }
                if api == Step.handshake.rawValue { Self.handshake(&answer) } else { Self.refusal(&answer) }
                return true
            }
        }
    }

    /// Closes all connections.
    public func stop() { proxy.stop() }

    /// A client needs to find more than it uses.
    private static let versions: [(api: Int16, range: ClosedRange<Int16>)] = [
        (0, 0...7), (1, 0...11), (3, 0...2), (8, 0...2), (9, 0...2), (10, 0...2), (Step.handshake.rawValue, 0...1),
        (Step.authenticate.rawValue, 0...0),
    ]

    private static func handshake(_ answer: inout KafkaWireWriter) {
        answer.int16(0)
        answer.array(1) { $0.string(Array("PLAIN".utf8)) }
    }

    private static func refusal(_ answer: inout KafkaWireWriter) {
        answer.int16(58)  // SASL_AUTHENTICATION_FAILED
        answer.string(Array("Authentication failed".utf8))
        answer.int32(0)
    }
}
