import Files
import FoundationEssentials
import Serving

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
        let review = review(path: path, environment: environment)
        if let error = review.error { throw error }
        return review.configuration
    }

    /// Reads as much of a pipeline file as can be read, with all of its problems.
    public static func review(path: String, environment: PipelineEnvironment = .process) -> PipelineReview {
        let problems = ProblemCollector(file: path)
        let text = contents(of: path, environment: environment, problems: problems)
        let section = text.flatMap { root(of: $0, file: path, environment: environment, problems: problems) }
        var configuration = section.map { read($0, file: path) } ?? PipelineConfiguration(unreadable: path)
        configuration.digest = text.map { SHA256.hash($0.utf8).hexadecimal }
        return PipelineReview(configuration: configuration, problems: problems)
    }

    /// The text of the file, or nil and a problem.
    private static func contents(
        of path: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> String? {
        func refuse(_ reason: String) -> String? {
            problems.add(at: nil, key: nil, reason)
            return nil
        }
        let absolute = path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path
        do throws(FileError) {
            let bytes = try FileContents.array(path: absolute, atMost: maximumBytes)
            return String(validating: bytes, as: UTF8.self) ?? refuse("is not UTF-8, so it is not a pipeline file")
        } catch .missing {
            return refuse("no such file")
        } catch .notAFile {
            return refuse("is a folder or a device, not a pipeline file")
        } catch .tooLarge {
            return refuse("is larger than 1 MiB, so it is not a pipeline file")
        } catch {
            return refuse("cannot be read: \(error)")
        }
    }

    /// Reads the text of a pipeline file; adds every problem.
    static func parse(
        _ text: String, file: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> PipelineConfiguration? {
        guard let section = root(of: text, file: file, environment: environment, problems: problems) else { return nil }
        let configuration = read(section, file: file)
        return problems.problems.isEmpty ? configuration : nil
    }

    /// The mapping of a whole file, or nil and a problem.
    private static func root(
        of text: String, file: String, environment: PipelineEnvironment, problems: ProblemCollector
    ) -> ConfigurationSection? {
        guard let root = YAMLNode.Document.root(of: text, problems: problems) else {
            if problems.problems.isEmpty { problems.add(at: nil, key: nil, "is empty") }
            return nil
        }
        let context = ConfigurationContext(
            problems: problems, substitution: Substitution(environment: environment),
            paths: PathResolution(pipelineFile: file, workingDirectory: environment.workingDirectory))
        let start = TextPosition(line: 1, column: 1)
        let value = ConfigurationValue(node: root, path: "", position: start, context: context)
        guard case .mapping = root.content, let section = value.section(PipelineKeys.section) else {
            problems.add(at: start, key: nil, "must be a mapping that begins with name, base, source")
            return nil
        }
        return section
    }

    /// One line per section, in the order of the file. What cannot be read has a problem, and is as if absent.
    private static func read(_ section: ConfigurationSection, file: String) -> PipelineConfiguration {
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
        let retention = section[PipelineKeys.retention].map(RetentionKeys.read) ?? RetentionPolicy()
        let retrain = section[PipelineKeys.retrain].flatMap { readRetrain($0, tasks: tasks) }
        let examples = readExamples(section[PipelineKeys.examples], tasks: tasks)
        let problems = section.value.context.problems
        checkTopics(source: source, sink: sink, rejected: rejected, problems: problems)
        var pipeline = PipelineConfiguration(unreadable: file)
        (pipeline.name, pipeline.base) = (name ?? "", base ?? "")
        pipeline.dtype = dtype ?? pipeline.dtype
        pipeline.source = source ?? pipeline.source
        (pipeline.routes, pipeline.tasks) = (routes ?? [], tasks ?? [])
        pipeline.unrouted = unrouted ?? pipeline.unrouted
        pipeline.batch = batch ?? pipeline.batch
        pipeline.sink = sink ?? pipeline.sink
        pipeline.rejected = rejected ?? pipeline.rejected
        pipeline.retention = retention ?? pipeline.retention
        pipeline.retrain = retrain
        pipeline.examples = examples ?? []
        pipeline.positions = problems.positions
        return pipeline
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
