import CRdKafka
import Synchronization

/// What is wrong or doubtful about a consumer's properties, found without a network.
public struct KafkaSettingsReview: Sendable, Equatable {
    /// Reasons why no consumer could be created, or could reach a broker.
    public var problems: [KafkaPropertyProblem] = []
    /// What librdkafka ignores, in its words.
    public var remarks: [String] = []
}

extension KafkaConsumer {
    /// Names of librdkafka's properties, in order.
    public static var propertyNames: [String] { PropertyTable.ranges.keys.sorted() }

    /// Creates a consumer with these properties, as `init` does, but without a network, and destroys it.
    public static func review(properties: [String: String], topics: [String]) -> KafkaSettingsReview {
        let settings: [String: String]
        do throws(KafkaError) {
            settings = try ConsumerSettings.checked(properties, topics: topics)
        } catch {
            return KafkaSettingsReview(problems: [KafkaPropertyProblem(property: nil, message: error.message)])
        }
        var review = KafkaSettingsReview(problems: KafkaHandle.problems(settings))
        let brokers = "bootstrap.servers"
        if let problem = BrokerList(settings[brokers] ?? "").problem {
            review.problems.append(KafkaPropertyProblem(property: brokers, message: problem))
        }
        if !review.problems.isEmpty { return review }

        let log = CreationLog()
        let callbacks = KafkaCallbacks(
            secrets: KafkaSecrets(properties: settings), onError: { _ in }, onLog: { log.note($0) })
        do throws(KafkaError) {
            _ = try KafkaHandle(RD_KAFKA_CONSUMER, properties: settings, callbacks: callbacks, isOffline: true)
        } catch {
            review.problems = [KafkaPropertyProblem(refusal: error, of: settings, details: log.lines(of: "SSL"))]
        }
        review.problems += log.lines(of: "BROKER").map { KafkaPropertyProblem(property: brokers, message: $0) }
        review.remarks = log.lines(of: "CONFWARN")
        return review
    }
}

extension KafkaConsumer {
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
