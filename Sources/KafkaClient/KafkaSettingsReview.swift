import CRdKafka
import Synchronization

/// What is wrong or doubtful about a client's properties, found without a network.
public struct KafkaSettingsReview: Sendable, Equatable {
    /// Reasons why no client could be created, or could reach a broker.
    public var problems: [KafkaPropertyProblem] = []
    /// What librdkafka ignores, in its words.
    public var remarks: [String] = []
}

extension KafkaSettingsReview {
    init(refusal error: KafkaError) {
        problems = [KafkaPropertyProblem(property: nil, message: error.message)]
    }

    init(_ kind: rd_kafka_type_t, settings: [String: String]) {
        problems = KafkaHandle.problems(settings)
        let brokers = "bootstrap.servers"
        if let problem = BrokerList(settings[brokers] ?? "").problem {
            problems.append(KafkaPropertyProblem(property: brokers, message: problem))
        }
        if !problems.isEmpty { return }

        let log = CreationLog()
        let callbacks = KafkaCallbacks(
            secrets: KafkaSecrets(properties: settings), onError: { _ in }, onLog: { log.note($0) })
        do throws(KafkaError) {
            _ = try KafkaHandle(kind, properties: settings, callbacks: callbacks, isOffline: true)
        } catch {
            problems = [KafkaPropertyProblem(refusal: error, of: settings, details: log.lines(of: "SSL"))]
        }
        problems += log.lines(of: "BROKER").map { KafkaPropertyProblem(property: brokers, message: $0) }
        remarks = log.lines(of: "CONFWARN") + [ConsumerSettings.unusedForTLS(settings)].compactMap(\.self)
    }

    /// librdkafka's log while a client is created.
    private final class CreationLog: Sendable {
        private let all = Mutex<[KafkaLogLine]>([])

        func note(_ line: KafkaLogLine) { all.withLock { $0.append(line) } }

        /// Without the thread name at the start of each line.
        func lines(of facility: String) -> [String] {
            let lines = all.withLock { $0.filter { $0.facility == facility } }
            return lines.map { String($0.message.trimmingPrefix(#/\[thrd:[^\]]*\]: /#)) }
        }
    }
}
