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
    /// The largest batch that topics take, in bytes, as far as the brokers say so.
    private var limits: [String: Int] = [:]

    /// How long the brokers may take.
    private static let timeout = Duration.seconds(5)
    private static let waits = "; meanwhile records wait in the outbox"

    static func findings(_ pipeline: PipelineConfiguration) async -> [CheckReport.Finding] {
        guard let settings = pipeline.publisherSettings else { return [] }
        var probe = OutputProbe(pipeline: pipeline, settings: settings)
        switch await probe.topics() {
        case .success(let (known, limits)):
            probe.limits = limits
            for kind in OutboxKind.allCases { probe.check(kind, known) }
        case .failure(let failure):
            // A broker that refuses this user will not change its mind.
            probe.add(
                failure.kind == .unavailable ? .warning : .error, probe.brokersKey, "\(failure)" + Self.waits)
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

    /// All topics, and the largest batches of those that are published to, and of those that are read from the same
    /// brokers.
    private func topics() async -> Result<([String: KafkaTopic], [String: Int]), KafkaProbeFailure> {
        let properties = settings.producerProperties
        let names = Set(settings.topics.values).union(sourceTopics)
        return await SystemThread.run(name: "output probe") {
            do throws(KafkaError) {
                let probe = try KafkaProbe(producer: properties)
                do throws(KafkaProbeFailure) {
                    let known = try probe.topics(within: Self.timeout)
                    let asked = names.filter { (known[$0]?.partitions ?? 0) > 0 }.sorted()
                    return .success((known, probe.maximumBatchBytes(of: asked, within: Self.timeout)))
                } catch {
                    return .failure(error)
                }
            } catch {
                return .failure(KafkaProbeFailure(kind: .properties, reason: error.message))
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
        if let limit = limits[topic], let needed = neededBytes(kind), limit < needed.bytes {
            return add(
                .warning, key,
                "\(topic) takes batches of at most \(limit) bytes (max.message.bytes), and \(needed.what): what it "
                    + "refuses is kept in rejected, stage publish")
        }
        add(.fine, key, "\(topic) (\(partitions) partition\(partitions == 1 ? "" : "s"))")
    }

    // MARK: - Sizes

    /// Topics of the source, if they are on the same brokers.
    private var sourceTopics: [String] {
        settings.brokers == pipeline.source.brokers ? pipeline.source.topics.filter { !TopicPattern.isPattern($0) } : []
    }

    /// What a topic must take; nil: nobody knows.
    private func neededBytes(_ kind: OutboxKind) -> (bytes: Int, what: String)? {
        switch kind {
        case .labels:
            return (labelBytes, "labels of this pipeline may have about \(labelBytes)")
        case .rejected:
            // A rejected record is published as it was read.
            let largest = sourceTopics.max { (limits[$0] ?? 0) < (limits[$1] ?? 0) }
            guard let topic = largest, let limit = limits[topic] else { return nil }
            return (limit, "\(topic) has records of up to \(limit)")
        }
    }

    /// About what the labels of a record have, uncompressed: a score per label, and per task and record what else
    /// there is.
    private var labelBytes: Int {
        let tasks = pipeline.sink.kafka?.tasks.map { Set($0) }
        var bytes = 600
        for task in pipeline.tasks where tasks?.contains(task.name) ?? true {
            bytes += 400
            for label in task.labels { bytes += 24 + 2 * label.utf8.count }
        }
        return bytes
    }
}
