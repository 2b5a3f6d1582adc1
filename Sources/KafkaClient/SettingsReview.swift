import CRdKafka
import Synchronization

/// What there is to say about a consumer's properties before it connects.
public struct KafkaSettingsReview: Sendable, Equatable {
    /// Why there would be no consumer, or one that can reach nothing.
    public var problems: [KafkaPropertyProblem] = []
    /// What librdkafka ignores, in its words.
    public var remarks: [String] = []
}

extension KafkaConsumer {
    /// Names of librdkafka's properties.
    public static var propertyNames: [String] { PropertyTable.ranges.keys.sorted() }

    /// Makes a consumer of these properties, as `init` does, but one that reaches no network, and ends it again.
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
            secrets: KafkaSecrets(properties: settings), onError: { _ in }, onLog: { log.note($0) }, onStatistics: nil)
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

/// librdkafka's log while a client is made.
private final class CreationLog: Sendable {
    private let all = Mutex<[KafkaLogLine]>([])

    func note(_ line: KafkaLogLine) { all.withLock { $0.append(line) } }

    /// Without the thread that each line begins with.
    func lines(of facility: String) -> [String] {
        let lines = all.withLock { $0.filter { $0.facility == facility } }
        return lines.map { String($0.message.trimmingPrefix(#/\[thrd:[^\]]*\]: /#)) }
    }
}
