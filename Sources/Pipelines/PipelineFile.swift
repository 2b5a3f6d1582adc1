import FoundationEssentials

/// Reads pipeline files: YAML, variables filled in, every key checked.
///
/// One function per section, in the order of the file; each returns nil after it added its problems. What a key is
/// called and what it may hold is declared in ``PipelineKeys`` and ``RetrainKeys``.
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
        func refuse(_ reason: String) -> String? {
            problems.add(line: nil, key: nil, reason)
            return nil
        }
        let absolute = path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path
        var isFolder = false
        guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else {
            return refuse("no such file")
        }
        if isFolder { return refuse("is a folder, not a pipeline file") }
        guard let data = FileManager.default.contents(atPath: absolute) else { return refuse("cannot be read") }
        guard data.count <= maximumBytes else { return refuse("is larger than 1 MiB, so it is not a pipeline file") }
        return String(validating: data, as: UTF8.self) ?? refuse("is not UTF-8")
    }

    /// Reads the text of a pipeline file; adds every problem.
    static func parse(
        _ text: String, file: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> PipelineConfiguration? {
        guard let root = YAMLNode.Document.root(of: text, problems: problems) else {
            if problems.problems.isEmpty { problems.add(line: nil, key: nil, "is empty") }
            return nil
        }
        let context = ConfigurationContext(
            problems: problems, substitution: Substitution(environment: environment),
            paths: PathResolution(pipelineFile: file, workingDirectory: environment.workingDirectory))
        let value = ConfigurationValue(node: root, path: "", line: 1, context: context)
        guard case .mapping = root.content, let section = value.section(PipelineKeys.section) else {
            problems.add(line: 1, key: nil, "must be a mapping that begins with name, base, source")
            return nil
        }
        return read(section, file: file)
    }

    /// One line per section, in the order of the file.
    private static func read(_ section: ConfigurationSection, file: String) -> PipelineConfiguration? {
        let name = section.read(PipelineKeys.name)
        let base = section.read(PipelineKeys.base)
        let dtype = section.read(PipelineKeys.dtype)
        let source = section[PipelineKeys.source].flatMap(readSource)
        let tasks = section[PipelineKeys.tasks].flatMap(readTasks)
        let routes = readRoutes(section[PipelineKeys.routes], tasks: tasks)
        let unrouted = section.read(PipelineKeys.unrouted)
        let batch = section[PipelineKeys.batch].map(readBatch) ?? BatchConfiguration()
        let sink = section[PipelineKeys.sink].flatMap { readSink($0, tasks: tasks) }
        let rejected = section[PipelineKeys.rejected].map(readRejected) ?? RejectedConfiguration()
        let retention = section[PipelineKeys.retention].map(RetentionKeys.read) ?? RetentionConfiguration()
        let retrain = section[PipelineKeys.retrain].flatMap { readRetrain($0, tasks: tasks) }
        let examples = readExamples(section[PipelineKeys.examples], tasks: tasks)
        let problems = section.value.context.problems
        checkTopics(source: source, sink: sink, rejected: rejected, problems: problems)
        guard problems.problems.isEmpty, let name, let base, let dtype, let source, let tasks, let routes,
            let unrouted, let batch, let sink, let rejected, let retention, let examples
        else { return nil }
        return PipelineConfiguration(
            file: file, name: name, base: base, dtype: dtype, source: source, routes: routes, unrouted: unrouted,
            tasks: tasks, batch: batch, sink: sink, rejected: rejected, retention: retention, retrain: retrain,
            examples: examples,
            lines: problems.lines)
    }

    // MARK: - batch

    private static func readBatch(_ value: ConfigurationValue) -> BatchConfiguration? {
        guard let section = value.section(BatchKeys.section) else { return nil }
        let tokens = section.read(BatchKeys.tokens)
        let delay = section.read(BatchKeys.delay)
        let maxTokens = section.read(BatchKeys.maxTokens)
        guard let tokens, let delay else { return nil }
        var batch = BatchConfiguration()
        (batch.tokens, batch.delay, batch.maxTokens) = (tokens, delay, maxTokens)
        return batch
    }
}
