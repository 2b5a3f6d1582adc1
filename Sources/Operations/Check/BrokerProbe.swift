import Connectors
import KafkaClient
import Pipelines
import Threading

/// Asks a pipeline's brokers, topics and group what `run` asks, with the same properties; joins no group and creates no
/// topic.
///
/// A finding is an error where `run` would end, or where retrying does not help; an outage is a warning.
struct BrokerProbe {
    let pipeline: PipelineConfiguration
    private let settings: KafkaSourceSettings
    private var found = CheckReport(findings: [])
    /// The topics of the pipeline: those that it names, and those that its patterns match.
    private var topics: [String]

    /// How long one answer may take.
    private static let timeout = Duration.seconds(5)
    private static let wouldRetry = "; lorikeet run would retry"

    static func findings(_ pipeline: PipelineConfiguration) async -> [CheckReport.Finding] {
        var probe = BrokerProbe(pipeline: pipeline)
        if let topics = await probe.checkBrokers() {
            probe.checkPatterns(topics)
            let refusals = await probe.checkGroup()
            probe.checkTopics(topics, refusals: refusals)
        }
        return probe.found.findings
    }

    private init(pipeline: PipelineConfiguration) {
        self.pipeline = pipeline
        settings = pipeline.kafkaSettings
        topics = settings.topics.filter { !TopicPattern.isPattern($0) }
    }

    private mutating func add(_ severity: CheckReport.Severity, _ key: String, _ text: String) {
        found.add(severity, pipeline.problem(at: "source.kafka.\(key)", text))
    }

    // MARK: - Brokers

    private typealias Answer = (broker: String, topics: Result<[String: KafkaTopic], KafkaProbeFailure>)

    /// Asks each broker by itself: one that works hides the others from a consumer.
    ///
    /// - Returns: the topics that the brokers report; nil if none answers.
    private mutating func checkBrokers() async -> [String: KafkaTopic]? {
        let settings = settings
        let brokers = KafkaProbe.brokers(settings.brokers)
        let answers = await withTaskGroup(of: (Int, Answer).self) { group in
            for (index, broker) in brokers.enumerated() {
                group.addTask { (index, (broker, await Self.topics(of: broker, settings))) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var failures: [(broker: String, failure: KafkaProbeFailure)] = []
        var known: [String: KafkaTopic]?
        for (broker, topics) in answers {
            switch topics {
            case .success(let topics): known = known ?? topics
            case .failure(let failure): failures.append((broker, failure))
            }
        }
        report(failures, isReachable: known != nil)
        return known
    }

    private mutating func report(_ failures: [(broker: String, failure: KafkaProbeFailure)], isReachable: Bool) {
        guard !failures.isEmpty else { return add(.fine, "brokers", "reachable") }
        let words = failures.map { "\($0.broker): \($0.failure)" }.joined(separator: "; ")
        let kinds = failures.map(\.failure.kind)
        if kinds.contains(.authentication) {
            // If one broker refuses this user, run ends, whatever the others answer.
            add(.error, "brokers", words)
        } else if isReachable {
            add(.warning, "brokers", words)
        } else if kinds.allSatisfy({ $0 == .unavailable }) {
            add(.warning, "brokers", words + Self.wouldRetry)
        } else {
            add(.error, "brokers", words)
        }
    }

    private static func topics(
        of broker: String, _ settings: KafkaSourceSettings
    ) async -> Result<[String: KafkaTopic], KafkaProbeFailure> {
        await SystemThread.run(name: "broker probe") {
            do throws(KafkaError) {
                let probe = try KafkaProbe(
                    properties: settings.consumerProperties, topics: settings.topics, broker: broker)
                do throws(KafkaProbeFailure) {
                    return .success(try probe.topics(within: timeout))
                } catch {
                    return .failure(error)
                }
            } catch {
                return .failure(KafkaProbeFailure(kind: .properties, reason: error.message))
            }
        }
    }

    // MARK: - The group

    /// - Returns: the errors of the group's coordinator, by topic.
    private mutating func checkGroup() async -> [String: KafkaError] {
        let (settings, topics) = (settings, topics)
        // A pattern that matches nothing leaves nothing to ask for.
        guard !topics.isEmpty else { return [:] }
        let answer: Result<[String: KafkaError], KafkaError> = await SystemThread.run(name: "broker probe") {
            do throws(KafkaError) {
                let probe = try KafkaProbe(properties: settings.consumerProperties, topics: settings.topics)
                return .success(try probe.refusals(of: topics, within: Self.timeout))
            } catch {
                return .failure(error)
            }
        }
        switch answer {
        case .success(let refusals):
            add(.fine, "group", "the group coordinator answers")
            return refusals
        case .failure(let error):
            let ends = FailureTable.action(for: error) == .stop
            add(ends ? .error : .warning, "group", "\(settings.group): \(error)" + (ends ? "" : Self.wouldRetry))
            return [:]
        }
    }

    // MARK: - Topics

    /// Adds the topics that patterns match.
    private mutating func checkPatterns(_ known: [String: KafkaTopic]) {
        for text in settings.topics where TopicPattern.isPattern(text) {
            guard let pattern = TopicPattern(text) else { continue }
            let matching = known.keys.filter { pattern.matches($0) }.sorted()
            if matching.isEmpty {
                add(.warning, "topics", "no topic matches \(text) yet; lorikeet run would look for one every 10 s")
            }
            topics += matching.filter { !topics.contains($0) }
        }
    }

    private mutating func checkTopics(_ known: [String: KafkaTopic], refusals: [String: KafkaError]) {
        var present: [String] = []
        var missing: [String] = []
        for topic in topics {
            let error = refusals[topic] ?? known[topic]?.error
            if let error, FailureTable.action(for: error) == .stop {
                add(.error, "topics", "\(topic): \(error)")
            } else if let partitions = known[topic]?.partitions, partitions > 0 {
                present.append("\(topic) (\(partitions) partition\(partitions == 1 ? "" : "s"))")
            } else if let error = known[topic]?.error, !Self.isMissing(error) {
                add(.warning, "topics", "\(topic): \(error)\(Self.wouldRetry)")
            } else {
                missing.append(topic)
            }
        }
        // With one topic run labels; with none it keeps looking for them.
        let isMade = settings.properties["allow.auto.create.topics"] == "true"
        let severity: CheckReport.Severity = present.isEmpty && !isMade ? .error : .warning
        let names = known.keys.filter { !$0.hasPrefix("__") }.sorted()
        for topic in missing {
            let hint = Suggestion.text(for: topic, among: names)
            add(severity, "topics", "there is no topic \(topic)\(hint); lorikeet run would look for it every 10 s")
        }
        if !present.isEmpty { add(.fine, "topics", present.joined(separator: ", ")) }
    }

    private static func isMissing(_ error: KafkaError) -> Bool {
        ["UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"].contains(error.name)
    }
}
