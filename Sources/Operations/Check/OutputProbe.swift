import Connectors
import KafkaClient
import Pipelines
import Serving
import Threading

/// Asks the brokers for the topics that a pipeline publishes to, with the producer's own properties; publishes nothing.
///
/// Without such a topic texts are still labelled, and the records wait in the outbox.
struct OutputProbe {
    let pipeline: PipelineConfiguration
    let settings: KafkaPublisherSettings
    private var found = CheckReport(findings: [])

    /// How long the brokers may take.
    private static let timeout = Duration.seconds(5)
    private static let waits = "; meanwhile records wait in the outbox"

    static func findings(_ pipeline: PipelineConfiguration) async -> [CheckReport.Finding] {
        guard let settings = pipeline.publisherSettings else { return [] }
        var probe = OutputProbe(pipeline: pipeline, settings: settings)
        switch await probe.topics() {
        case .success(let known):
            for kind in OutboxKind.allCases { probe.check(kind, known) }
        case .failure(let failure):
            // A broker that refuses this user will not change its mind.
            probe.add(
                failure.kind == .unavailable ? .warning : .error, probe.brokersKey, failure.reason + Self.waits)
        }
        return probe.found.findings
    }

    private init(pipeline: PipelineConfiguration, settings: KafkaPublisherSettings) {
        (self.pipeline, self.settings) = (pipeline, settings)
    }

    private mutating func add(_ severity: CheckReport.Severity, _ key: String, _ text: String) {
        found.add(severity, pipeline.problem(at: key, text))
    }

    private var brokersKey: String {
        if pipeline.sink.kafka == nil { return "rejected.kafka" }
        return pipeline.sink.kafka?.brokers == nil ? "sink.kafka" : "sink.kafka.brokers"
    }

    private func topics() async -> Result<[String: KafkaTopic], KafkaProbeFailure> {
        let properties = settings.producerProperties
        return await SystemThread.run(name: "output probe") {
            do throws(KafkaError) {
                let probe = try KafkaProbe(producer: properties)
                do throws(KafkaProbeFailure) {
                    return .success(try probe.topics(within: Self.timeout))
                } catch {
                    return .failure(error)
                }
            } catch {
                return .failure(KafkaProbeFailure(kind: .otherProtocol, reason: error.message))
            }
        }
    }

    private mutating func check(_ kind: OutboxKind, _ known: [String: KafkaTopic]) {
        guard let topic = settings.topics[kind] else { return }
        let key = kind == .labels ? "sink.kafka.topic" : "rejected.kafka.topic"
        guard let partitions = known[topic]?.partitions, partitions > 0 else {
            let names = known.keys.filter { !$0.hasPrefix("__") }.sorted()
            let hint = Suggestion.text(for: topic, among: names)
            if let error = known[topic]?.error, FailureTable.action(for: error) == .stop {
                return add(.error, key, "\(topic): \(error)\(Self.waits)")
            }
            return add(.error, key, "there is no topic \(topic)\(hint): create it\(Self.waits)")
        }
        add(.fine, key, "\(topic) (\(partitions) partition\(partitions == 1 ? "" : "s"))")
    }
}
