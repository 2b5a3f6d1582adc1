import CRdKafka
import Glibc

/// Owns one `rd_kafka_t` and the callbacks it calls.
final class KafkaHandle {
    let client: OpaquePointer
    private let opaque: Unmanaged<KafkaCallbacks>

    /// - Parameters:
    ///   - isOffline: no name of a broker resolves, so that nothing is connected to.
    ///   - configure: sets the callbacks that only one kind of client has.
    init(
        _ kind: rd_kafka_type_t, properties: [String: String], callbacks: KafkaCallbacks, isOffline: Bool = false,
        configure: (OpaquePointer) -> Void = { _ in }
    ) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else { throw .invalid("no memory for a configuration") }
        if let problem = Self.set(properties, in: configuration).first {
            rd_kafka_conf_destroy(configuration)
            throw .invalid("\(problem)")
        }
        if isOffline { rd_kafka_conf_set_resolve_cb(configuration) { _, _, _, _, _ in EAI_FAIL } }
        // Retained until `deinit` has destroyed the client: librdkafka calls back as long as it exists, also from its own threads.
        let opaque = Unmanaged.passRetained(callbacks)
        Self.setCommonCallbacks(configuration, opaque.toOpaque(), statistics: callbacks.onStatistics != nil)
        configure(configuration)

        var reason = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(kind, configuration, &reason, reason.count) else {
            let error = KafkaError(rd_kafka_last_error(), message: callbacks.secrets.blotted(string(reason)))
            rd_kafka_conf_destroy(configuration)
            opaque.release()
            throw error
        }
        self.client = client
        self.opaque = opaque
    }

    deinit {
        // Whoever wants to leave a group does it before, with a deadline; here nothing may wait for a broker.
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        opaque.release()
    }

    /// What librdkafka has against single properties.
    static func problems(_ properties: [String: String]) -> [KafkaPropertyProblem] {
        guard let configuration = rd_kafka_conf_new() else { return [] }
        defer { rd_kafka_conf_destroy(configuration) }
        return set(properties, in: configuration)
    }

    private static func set(_ properties: [String: String], in configuration: OpaquePointer) -> [KafkaPropertyProblem] {
        let problems = properties.sorted { $0.key < $1.key }.compactMap {
            KafkaPropertyProblem(setting: $0.key, to: $0.value, in: configuration)
        }
        return problems + [ConsumerSettings.missingTokenSource(properties)].compactMap(\.self)
    }

    private static func setCommonCallbacks(
        _ configuration: OpaquePointer, _ opaque: UnsafeMutableRawPointer, statistics: Bool
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
        guard statistics else { return }
        rd_kafka_conf_set_stats_cb(configuration) { _, json, length, opaque in
            guard let json, let callbacks = KafkaHandle.callbacks(opaque) else { return 0 }
            callbacks.onStatistics?(String(decoding: UnsafeRawBufferPointer(start: json, count: length), as: UTF8.self))
            return 0  // librdkafka frees the text
        }
    }

    /// The callbacks behind an opaque pointer; unretained, since the handle outlives every callback.
    static func callbacks(_ opaque: UnsafeMutableRawPointer?) -> KafkaCallbacks? {
        opaque.map { Unmanaged<KafkaCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// A client that neither consumes nor produces, as librdkafka's mock cluster wants one beside it.
package final class IdleClient {
    private let handle: KafkaHandle
    package var pointer: OpaquePointer { handle.client }

    package init(name: String, onLog: @escaping @Sendable (KafkaLogLine) -> Void) throws(KafkaError) {
        let callbacks = KafkaCallbacks(
            secrets: KafkaSecrets(properties: [:]), onError: { _ in }, onLog: onLog, onStatistics: nil)
        handle = try KafkaHandle(RD_KAFKA_PRODUCER, properties: ["client.id": name], callbacks: callbacks)
    }
}
