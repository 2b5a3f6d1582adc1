import CRdKafka
import Glibc

/// Owns one `rd_kafka_t` and the callbacks it calls.
final class KafkaHandle {
    let client: OpaquePointer
    private let opaque: Unmanaged<KafkaCallbacks>

    /// - Parameters:
    ///   - isOffline: no broker name resolves, so that the client connects to nothing.
    ///   - configure: sets the callbacks of one kind of client.
    init(
        _ kind: rd_kafka_type_t, properties: [String: String], callbacks: KafkaCallbacks, isOffline: Bool = false,
        configure: (OpaquePointer) -> Void = { _ in }
    ) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else { throw .invalid("out of memory for a configuration") }
        if let problem = Self.set(properties, in: configuration).first {
            rd_kafka_conf_destroy(configuration)
            throw .invalid("\(problem)")
        }
        if isOffline { rd_kafka_conf_set_resolve_cb(configuration) { _, _, _, _, _ in EAI_FAIL } }
        // Retained until `deinit` has destroyed the client: librdkafka calls back until then, also from its own
        // threads.
        let opaque = Unmanaged.passRetained(callbacks)
        Self.setCommonCallbacks(configuration, opaque.toOpaque())
        configure(configuration)

        var reason = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(kind, configuration, &reason, reason.count) else {
            let error = KafkaError(rd_kafka_last_error(), message: callbacks.secrets.redacted(String(cBuffer: reason)))
            rd_kafka_conf_destroy(configuration)
            opaque.release()
            throw error
        }
        self.client = client
        self.opaque = opaque
    }

    deinit {
        // A consumer leaves its group in `close`, with a deadline. Nothing here may wait for a broker.
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        opaque.release()
    }

    /// The properties that librdkafka refuses one by one.
    static func problems(_ properties: [String: String]) -> [KafkaPropertyProblem] {
        guard let configuration = rd_kafka_conf_new() else { return [] }
        defer { rd_kafka_conf_destroy(configuration) }
        return set(properties, in: configuration)
    }

    private static func set(_ properties: [String: String], in configuration: OpaquePointer) -> [KafkaPropertyProblem] {
        let problems = properties.sorted { $0.key < $1.key }.compactMap {
            KafkaPropertyProblem(setting: $0.key, to: $0.value, in: configuration)
        }
        let missing = [
            ConsumerSettings.missingTokenSource(properties), ConsumerSettings.missingPart(properties),
        ]
        return problems + missing.compactMap(\.self)
    }

    private static func setCommonCallbacks(
        _ configuration: OpaquePointer, _ opaque: UnsafeMutableRawPointer
    ) {
        rd_kafka_conf_set_opaque(configuration, opaque)
        rd_kafka_conf_set_log_cb(configuration) { client, level, facility, message in
            guard let client, let callbacks = KafkaHandle.callbacks(rd_kafka_opaque(client)) else { return }
            callbacks.log(level: level, facility: facility, message: message)
        }
        rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
            guard let client else { return }
            KafkaHandle.callbacks(opaque)?.clientError(client, rd_kafka_resp_err_t(code), reason)
        }
    }

    /// The callbacks behind an opaque pointer; unretained, since the handle outlives every callback.
    static func callbacks(_ opaque: UnsafeMutableRawPointer?) -> KafkaCallbacks? {
        opaque.map { Unmanaged<KafkaCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// A client that neither consumes nor produces: librdkafka's mock cluster needs one.
package final class IdleClient {
    private let handle: KafkaHandle
    /// The `rd_kafka_t`, valid as long as this object.
    package var pointer: OpaquePointer { handle.client }

    /// - Parameters:
    ///   - name: the `client.id`.
    ///   - onLog: librdkafka's log, from its own threads.
    package init(name: String, onLog: @escaping @Sendable (KafkaLogLine) -> Void) throws(KafkaError) {
        let callbacks = KafkaCallbacks(
            secrets: KafkaSecrets(properties: [:]), onError: { _ in }, onLog: onLog)
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, properties: ["client.id": name], callbacks: callbacks)
    }
}
