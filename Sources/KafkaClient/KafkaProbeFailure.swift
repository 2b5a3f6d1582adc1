import CRdKafka
import Threading

/// Why a broker did not answer.
public struct KafkaProbeFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kept the broker from answering.
    public enum Kind: Sendable, Equatable {
        /// No connection, or no answer on it; may pass.
        case unavailable
        /// The server does not speak Kafka, or not with this `security.protocol`.
        case otherProtocol
        /// TLS fails: one side does not accept the other's certificate.
        case certificate
        /// The broker refuses this user.
        case authentication
        /// No client can be made of the properties.
        case properties
    }

    /// What kept the broker from answering.
    public var kind: Kind
    /// In librdkafka's words. Holds no secret.
    public var reason: String

    /// - Parameters: as the properties.
    public init(kind: Kind, reason: String) { (self.kind, self.reason) = (kind, reason) }

    /// What is wrong, with the reason.
    public var description: String {
        switch kind {
        case .unavailable, .properties: reason
        case .otherProtocol: "connects, but does not speak Kafka, or not with this security.protocol: \(reason)"
        case .certificate where reason.contains(Self.unverified):
            "the broker's certificate is not accepted, because of its authority or its name: \(reason)"
        case .certificate: "the broker does not accept the client's certificate, or asks for one: \(reason)"
        case .authentication: "authentication fails: \(reason)"
        }
    }
}

extension KafkaProbeFailure {
    /// The most specific of the reported errors.
    init(_ errors: [KafkaError], patience: Duration) {
        let failures = errors.filter { $0.name != "_ALL_BROKERS_DOWN" }.map { (kind: Self.kind(of: $0), error: $0) }
        let ranked: [Kind] = [.authentication, .certificate, .otherProtocol, .unavailable]
        let best = ranked.lazy.compactMap { kind in failures.last { $0.kind == kind } }.first
        self.init(
            kind: best?.kind ?? .unavailable,
            reason: best.map { Self.reason($0.error) } ?? "no answer within \(patience.components.seconds) s")
    }

    /// Whether another attempt would fail alike.
    var isFinal: Bool { kind == .authentication }

    /// OpenSSL's words where the client does not accept the broker's certificate.
    private static let unverified = "certificate verify failed"

    private static func kind(of error: KafkaError) -> Kind {
        if error.isBrokenLogin { return .unavailable }
        if ["_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"].contains(error.name) { return .authentication }
        // librdkafka has one code for connections that are refused, broken or silent. Its text says how far they came.
        let words = error.message
        if words.contains(unverified) || words.contains(#/alert .*(certificate|unknown ca)/#) { return .certificate }
        if words.contains("imed out") || words.contains("in state CONNECT") { return .unavailable }
        let reached = ["SSL_HANDSHAKE", "APIVERSION_QUERY", "AUTH_"].contains { words.contains("in state \($0)") }
        return reached || ["_SSL", "_BAD_MSG"].contains(error.name) ? .otherProtocol : .unavailable
    }

    /// Without the broker's name, which the caller knows, and without details that only help debugging or mislead.
    private static func reason(_ error: KafkaError) -> String {
        let words = error.message.trimmingPrefix(#/[^ ]+/(bootstrap|[0-9]+): /#)
        return String(
            words.replacing(#/ \(after [0-9]+ms in state [^)]*\)|: increase receive.message.max.bytes/#, with: ""))
    }
}
