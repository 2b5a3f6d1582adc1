import Foundation
import Serving

/// Reads pipeline files: YAML, variables filled in, every key checked.
///
/// One function a section, in the order of the file; each returns nil after it added its problems.
public enum PipelineFile {
    /// A larger file is no pipeline file.
    static let maximumBytes = 1 << 20

    /// Reads one pipeline file.
    ///
    /// - Throws: all problems of the file, not only the first.
    public static func read(
        path: String, environment: PipelineEnvironment = .process
    ) throws(ConfigurationError) -> PipelineConfiguration {
        let problems = ProblemCollector(file: path)
        let configuration = contents(of: path, environment: environment, problems: problems).flatMap {
            parse($0, file: path, environment: environment, problems: problems)
        }
        if let error = problems.error { throw error }
        guard let configuration else {
            throw ConfigurationError([ConfigurationProblem(file: path, message: "cannot be read as a pipeline file")])
        }
        return configuration
    }

    /// The text of the file, or nil and a problem.
    private static func contents(
        of path: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> String? {
        let absolute = path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory) else {
            problems.add(line: nil, key: nil, "no such file")
            return nil
        }
        guard !isDirectory.boolValue, let data = FileManager.default.contents(atPath: absolute) else {
            problems.add(
                line: nil, key: nil, isDirectory.boolValue ? "is a folder, not a pipeline file" : "cannot be read")
            return nil
        }
        guard data.count <= maximumBytes else {
            problems.add(line: nil, key: nil, "is larger than 1 MiB: not a pipeline file")
            return nil
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            problems.add(line: nil, key: nil, "is not UTF-8")
            return nil
        }
        return text
    }

    /// Reads the text of a pipeline file; adds every problem.
    static func parse(
        _ text: String, file: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> PipelineConfiguration? {
        guard let root = YAMLDocument.root(of: text, problems: problems) else {
            if problems.problems.isEmpty { problems.add(line: nil, key: nil, "is empty") }
            return nil
        }
        let context = ConfigurationContext(problems: problems, substitution: Substitution(environment: environment))
        let value = ConfigurationValue(node: root, path: "", line: 1, context: context)
        guard case .mapping = root.content, let section = value.section(topLevelKeys) else {
            problems.add(line: 1, key: nil, "must be a mapping that begins with name, base, source")
            return nil
        }
        let name = section.required("name", "the pipeline's name, in every row that it writes")?.name()
        let base = section.required("base", "the folder of the base model")?.text("a folder")
        let source = section.required("source", "where texts come from").flatMap(readSource)
        let tasks = section.required("tasks", "the tasks and their labels").flatMap {
            readTasks($0, file: file, environment: environment)
        }
        let routes = readRoutes(section["routes"], tasks: tasks)
        let unrouted = section["unrouted"].map { $0.choice(UnroutedPolicy.self) } ?? .reject
        let batch = section["batch"].map(readBatch) ?? BatchConfiguration()
        let sink = section.required("sink", "where labels go").flatMap(readSink)
        let retrain = section["retrain"].map(readRetrain)
        let examples = readExamples(section["examples"], tasks: tasks)
        guard problems.problems.isEmpty, let name, let base, let source, let tasks, let routes, let unrouted, let batch,
            let sink, let examples
        else { return nil }
        return PipelineConfiguration(
            file: file, name: name,
            base: PathResolution.resolve(base, pipelineFile: file, environment: environment),
            source: source, routes: routes, unrouted: unrouted, tasks: tasks, batch: batch, sink: sink,
            retrain: retrain ?? nil, examples: examples, lines: problems.lines)
    }

    private static let topLevelKeys = [
        "name", "base", "source", "routes", "unrouted", "tasks", "batch", "sink", "retrain", "examples",
    ]

    // MARK: - batch, sink, examples

    private static func readBatch(_ value: ConfigurationValue) -> BatchConfiguration? {
        guard let section = value.section(["tokens", "delay", "max_tokens"]) else { return nil }
        var batch = BatchConfiguration()
        if let tokens = section["tokens"]?.integer(16...65536) { batch.tokens = tokens }
        if let delay = section["delay"]?.duration(.zero ... .seconds(60)) { batch.delay = delay }
        if let maxTokens = section["max_tokens"]?.integer(8...8192) { batch.maxTokens = maxTokens }
        return batch
    }

    private static func readSink(_ value: ConfigurationValue) -> SinkConfiguration? {
        guard let section = value.section(["postgres", "postgres_direct", "store_text"]) else { return nil }
        let postgres = section.required("postgres", "a connection string such as postgresql://user@host/database")?
            .text("a connection string")
        let direct = section["postgres_direct"]?.text("a connection string")
        let storeText = section["store_text"].map { $0.flag() } ?? true
        guard let postgres, let storeText else { return nil }
        return SinkConfiguration(
            postgres: Secret(postgres), postgresDirect: direct.map { Secret($0) }, storeText: storeText)
    }

    private static func readExamples(
        _ value: ConfigurationValue?, tasks: [TaskConfiguration]?
    ) -> [ExampleConfiguration]? {
        guard let value else { return [] }
        let entries = value.list("a list of { text: …, task: …, label: … }", mayBeEmpty: true)
        return entries?.compactMap { readExample($0, tasks: tasks) }
    }

    private static func readExample(_ value: ConfigurationValue, tasks: [TaskConfiguration]?) -> ExampleConfiguration? {
        guard let section = value.section(["text", "task", "label", "labels"]) else { return nil }
        let text = section.required("text", "the text to classify")?.text("a text", mayBeEmpty: true)
        let task = section.required("task", "the task that labels it")?.text("a task")
        let labels = readExampleLabels(section)
        guard let text, let task, let labels else { return nil }
        guard let tasks else { return nil }
        guard let defined = tasks.first(where: { $0.name == task }) else {
            section["task"]?.problem("no task \(task) in tasks" + Suggestion.text(for: task, among: tasks.map(\.name)))
            return nil
        }
        if let unknown = labels.first(where: { !defined.labels.contains($0) }) {
            (section["labels"] ?? section["label"])?.problem(
                "the task \(task) has no label \(unknown)" + Suggestion.text(for: unknown, among: defined.labels))
            return nil
        }
        return ExampleConfiguration(text: text, task: task, labels: labels, line: value.line)
    }

    /// `label`, or of a multi-label task `labels`, which may be none.
    private static func readExampleLabels(_ section: ConfigurationSection) -> [String]? {
        guard let set = section["labels"] else {
            return section.required("label", "the label that is right").flatMap(readLabel).map { [$0] }
        }
        if let label = section["label"] {
            label.problem("is given beside labels; one of them says what is right")
            return nil
        }
        return set.list("a list of labels", mayBeEmpty: true)?.compactMap(readLabel)
    }
}
