import FoundationEssentials

/// A pipeline file of the lab: what soaks, benchmarks and tests change, as YAML.
struct LabPipeline: Sendable {
    /// A task with an adapter from a folder.
    struct Task: Sendable {
        var name: String
        var labels: [String]
        /// The path of the adapter's folder.
        var adapter: String
        /// The value of `long_texts`, such as `{ window: 32 }`; nil: long texts are cut.
        var longTexts: String?
    }

    /// Also the name of the consumer group.
    var name: String
    /// The path of the base, absolute or from the working folder.
    var base: String
    var brokers = "${KAFKA_BROKERS}"
    var topic: String
    /// The value of `group_instance`, `static` or `dynamic`; nil is the default of pipeline files.
    var groupInstance: String?
    /// librdkafka's properties.
    var properties: [String: String] = [:]
    /// The JSON Pointer of the text; nil where the whole payload is the text.
    var textPointer: String?
    /// The value of `when` of the only route; nil routes every message to all tasks.
    var condition: String?
    /// The JSON Pointer of the name of a message's only task; nil: there is one route to all tasks.
    var taskPointer: String?
    /// What happens to messages without a route, `reject` or `drop`.
    var unrouted: String?
    var tasks: [Task]
    /// The value of `batch`, such as `{ tokens: 512 }`.
    var batch: String?
    /// Whether the label rows hold the text; nil is the default of pipeline files.
    var storesText: Bool?

    /// The value of `sink.kafka`, such as `{ topic: labels }`; nil: labels are not published.
    var publishes: String?

    /// The value of `retrain`, such as `{ every: 1h }`; nil: the daemon retrains nothing.
    var retrain: String?

    /// The file's content. The database comes from the environment, as `DATABASE_URL`.
    var text: String {
        var lines = ["name: \(name)", "base: \(quoted(absoluteBase))", "source:", "  kafka:"]
        lines += ["    brokers: \(quoted(brokers))", "    topics: [\(quoted(topic))]", "    group: \(quoted(name))"]
        if let groupInstance { lines.append("    group_instance: \(groupInstance)") }
        let settings = properties.sorted { $0.key < $1.key }.map { "\($0.key): \(quoted($0.value))" }
        if !settings.isEmpty { lines.append("    properties: { \(settings.joined(separator: ", ")) }") }
        if let textPointer { lines.append("  text: \(textPointer)") }
        lines += ["routes:"] + routes.map { "  - { \($0) }" }
        if let unrouted { lines.append("unrouted: \(unrouted)") }
        lines.append("tasks:")
        for task in tasks {
            let labels = task.labels.map(quoted).joined(separator: ", ")
            let longTexts = task.longTexts.map { ", long_texts: \($0)" } ?? ""
            lines.append("  \(task.name): { labels: [\(labels)], adapter: \(quoted(task.adapter))\(longTexts) }")
        }
        if let batch { lines.append("batch: \(batch)") }
        let text = storesText.map { ", store_text: \($0)" } ?? ""
        let kafka = publishes.map { ", kafka: \($0)" } ?? ""
        lines.append("sink: { postgres: \"${DATABASE_URL}\"\(text)\(kafka) }")
        if let retrain { lines.append("retrain: \(retrain)") }
        return lines.map { $0 + "\n" }.joined()
    }

    private var routes: [String] {
        if let taskPointer {
            return tasks.map { "tasks: [\($0.name)], when: { json: { \(taskPointer): \($0.name) } }" }
        }
        let names = tasks.map(\.name).joined(separator: ", ")
        return ["tasks: [\(names)]\(condition.map { ", when: \($0)" } ?? "")"]
    }

    /// Relative paths of a pipeline file count from the file's folder, which is a scratch folder here.
    private var absoluteBase: String {
        base.hasPrefix("/") ? base : FileManager.default.currentDirectoryPath + "/" + base
    }

    private func quoted(_ value: String) -> String { "\"\(value)\"" }
}
