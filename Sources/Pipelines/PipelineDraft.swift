import JSON

/// A new pipeline file for one topic and one task, as `lorikeet init` writes it.
public struct PipelineDraft: Sendable, Equatable {
    /// `name`.
    public var name: String
    /// `base`.
    public var base: String
    /// `source.kafka.brokers`.
    public var brokers: String
    /// The one topic.
    public var topic: String
    /// `source.text`; nil: the record's value is the text.
    public var pointer: String?
    /// `source.schema_registry.url`; nil: records have no schema.
    public var registry: String?
    /// The one task.
    public var task: String
    /// Its labels.
    public var labels: [String]
    /// `sink.postgres`.
    public var postgres: String

    /// - Parameters: as the properties.
    public init(
        name: String, base: String, brokers: String, topic: String, pointer: String?, registry: String?, task: String,
        labels: [String], postgres: String
    ) {
        (self.name, self.base, self.brokers, self.topic) = (name, base, brokers, topic)
        (self.pointer, self.registry, self.task) = (pointer, registry, task)
        (self.labels, self.postgres) = (labels, postgres)
    }

    /// The file, commented.
    public var yaml: String {
        """
        # yaml-language-server: $schema=pipeline-file.schema.json
        #
        # The line above is for editors: `lorikeet schema > pipeline-file.schema.json` writes the schema beside this
        # file.
        # ${NAME} reads an environment variable, ${NAME:-default} has a default.
        #
        # Next: train an adapter, then check and run this file.
        #
        #   lorikeet train --base \(Self.scalar(base)) --train rows.tsv --output \(Self.scalar("adapters/" + task))
        #   lorikeet check FILE && lorikeet run FILE

        name: \(Self.scalar(name))
        base: \(Self.scalar(base))

        source:
          kafka:
            brokers: \(Self.scalar(brokers))
            topics: [\(Self.scalar(topic))]
            group: \(Self.scalar("lorikeet-" + name))         # daemons of one group share the partitions
        \(sourceLines)
        tasks:
          \(Self.scalar(task)):
            labels: [\(labels.map(Self.scalar).joined(separator: ", "))]
            # The folder of the first adapter. Without it, the task needs a live adapter in the registry.
            adapter: \(Self.scalar("adapters/" + task))
            # Below this score a text gets no label:
            # abstain_below: 0.5

        sink:
          postgres: \(Self.scalar(postgres))
          store_text: true                # false: the table has labels only

        # Retraining from labelled rows, at most this often and with this many new rows:
        retrain: { every: 6h, minimum_new_rows: 200 }

        # Texts with the labels that `lorikeet test` expects of the adapter:
        # examples:
        #   - { text: "…", task: \(Self.scalar(task)), label: \(Self.scalar(labels.first ?? "…")) }

        """
    }

    private var sourceLines: String {
        var lines: [String] = []
        if let registry {
            lines.append("  format: auto                      # the registry and the record say what a value is")
            lines.append("  schema_registry: { url: \(Self.scalar(registry)) }")
        }
        lines.append(
            pointer.map { "  text: \(Self.scalar($0))   # JSON Pointer to the text; several in a list are joined" }
                ?? "  # Without `text`, the record's value is the text. For a field of JSON: text: /body")
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a reader of the file would say; variables that are not set here may be set for the daemon.
    public func problems(file: String, environment: PipelineEnvironment = .process) -> [ConfigurationProblem] {
        let problems = ProblemCollector(file: file)
        _ = PipelineFile.parse(yaml, file: file, environment: environment, problems: problems)
        return problems.problems.filter { !$0.message.hasPrefix(Substitution.unsetVariable) }
    }

    /// A text as YAML: plain where nothing can be misread, else in double quotes.
    private static func scalar(_ text: String) -> String {
        let words: Set<String> = ["", "true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_./".contains($0) }
        return isPlain && !words.contains(text.lowercased()) ? text : JSONValue.string(text).text
    }
}
