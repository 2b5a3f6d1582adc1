import BERT
import Logging
import Pipelines

/// `lorikeet check`: validates everything, changes nothing. Its steps:
///
/// 1. the files, and whether they fit together; the consumers' properties, by librdkafka;
/// 2. the base and its tokenizer;
/// 3. the adapters' folders, and their labels;
/// 4. routes and batches, for what is allowed but hardly intended;
/// 5. the database: schema, the role's privileges, live adapters, labelled rows;
/// 6. the brokers, with the consumer's own properties: authentication, group, topics; the schema registry.
///
/// The last two are skipped offline, and where a file is wrong. The others are taken as far as the files can be read,
/// so that one mistake hides no other.
public enum CheckOperation {
    /// Which servers are asked.
    public struct Options: Sendable {
        /// Whether to connect to the database.
        public var database: Bool
        /// Whether to connect to the brokers.
        public var broker: Bool
        /// Where variables and relative paths are looked up.
        public var environment: PipelineEnvironment

        /// As `lorikeet check` without options.
        public init(database: Bool = true, broker: Bool = true, environment: PipelineEnvironment = .process) {
            (self.database, self.broker, self.environment) = (database, broker, environment)
        }
    }

    /// Checks files, base, adapters, and where the options say so database and brokers.
    public static func run(files: [String], options: Options = Options()) async -> CheckReport {
        var report = CheckReport(findings: [])
        let review = DaemonConfiguration.review(files: files, environment: options.environment)
        guard review.problems.isEmpty, let configuration = DaemonConfiguration(review.files) else {
            report.add(ConfigurationError(review.problems))
            report.findings += readable(review.files)
            return report
        }
        let unusable = checkSources(configuration, &report)
        let loaded = checkBase(configuration, &report)
        var missing: [String: [MissingAdapter]] = [:]
        for pipeline in configuration.pipelines {
            missing[pipeline.name] = loaded.map { checkAdapters(pipeline, $0, configuration, &report) }
            checkIntent(pipeline, positions: loaded?.base.configuration.positions, &report)
        }
        for pipeline in configuration.pipelines {
            let missing = missing[pipeline.name] ?? []
            let database =
                options.database ? await DatabaseProbe.findings(pipeline, loaded: loaded, without: missing) : nil
            report.findings += database ?? missing.map(\.finding)
            if options.broker, !unusable.contains(pipeline.name) {
                report.findings += await BrokerProbe.findings(pipeline)
                report.findings += await OutputProbe.findings(pipeline)
                await RegistryProbe.check(pipeline, &report)
            }
        }
        return report
    }

    /// The problems of properties, base and adapters in files that have other problems. What depends on something that
    /// is wrong already is left out.
    private static func readable(_ files: [PipelineReview]) -> [CheckReport.Finding] {
        var report = CheckReport(findings: [])
        for file in files where file.isRight("source") && file.isRight("sink") && file.isRight("rejected") {
            if let configuration = DaemonConfiguration([file]) { _ = checkSources(configuration, &report) }
        }
        let based = files.filter { $0.isRight("base") && $0.isRight("dtype") }
        if let configuration = DaemonConfiguration(based), let loaded = checkBase(configuration, &report) {
            for pipeline in configuration.pipelines { _ = checkAdapters(pipeline, loaded, configuration, &report) }
        }
        return report.findings.filter { finding in
            guard finding.severity != .fine, let key = finding.key else { return false }
            return files.allSatisfy { $0.configuration.file != finding.file || $0.isRight(key) }
        }
    }

    /// - Returns: the pipelines whose consumer cannot be created.
    private static func checkSources(_ configuration: DaemonConfiguration, _ report: inout CheckReport) -> Set<String> {
        var unusable: Set<String> = []
        for pipeline in configuration.pipelines {
            let publisher = pipeline.reviewPublisher()
            for problem in publisher.problems { report.add(.error, problem) }
            for remark in publisher.remarks { report.add(.warning, remark) }
            let review = pipeline.reviewSource()
            for problem in review.problems { report.add(.error, problem) }
            for remark in review.remarks { report.add(.warning, remark) }
            if !(review.problems + publisher.problems).isEmpty { unusable.insert(pipeline.name) }
        }
        let names = configuration.pipelines.map(\.name).filter { !unusable.contains($0) }
        if !names.isEmpty {
            let noun = names.count == 1 ? "pipeline" : "pipelines"
            report.add(.fine, "\(noun) \(names.joined(separator: ", ")): every key is valid")
        }
        return unusable
    }

    private static func checkBase(_ configuration: DaemonConfiguration, _ report: inout CheckReport) -> LoadedBase? {
        do throws(ConfigurationError) {
            let loaded = try LoadedBase(reading: configuration)
            let problems = loaded.misfits(configuration)
            for problem in problems { report.add(.error, problem) }
            guard problems.isEmpty else { return loaded }
            let shape = loaded.base.configuration
            report.add(
                .fine,
                "base \(configuration.base): \(shape.architecture.rawValue), \(shape.layers) layers, "
                    + "hidden \(shape.hidden), digest \(loaded.base.digest.prefix(12)); dtype \(loaded.dtype), "
                    + "kernels \(loaded.base.kernels)")
            return loaded
        } catch {
            report.add(error)
            return nil
        }
    }

    /// A task without an adapter folder: fine only if the adapter store has a live adapter.
    struct MissingAdapter {
        var task: TaskConfiguration
        var problem: ConfigurationProblem

        var finding: CheckReport.Finding {
            .init(.warning, problem)
        }
    }

    private static func checkAdapters(
        _ pipeline: PipelineConfiguration, _ loaded: LoadedBase, _ configuration: DaemonConfiguration,
        _ report: inout CheckReport
    ) -> [MissingAdapter] {
        var missing: [MissingAdapter] = []
        for task in pipeline.tasks {
            guard let folder = task.adapter else {
                let problem = pipeline.problem(
                    at: "tasks.\(task.name)",
                    "names no adapter folder: the task needs a live adapter in the adapter store"
                )
                missing.append(MissingAdapter(task: task, problem: problem))
                continue
            }
            guard LoadedBase.isFolder(folder) else {
                let problem = pipeline.problem(
                    at: "tasks.\(task.name).adapter",
                    "there is no folder \(folder): the task needs a live adapter in the adapter store")
                missing.append(MissingAdapter(task: task, problem: problem))
                continue
            }
            do throws(ConfigurationError) {
                if let adapter = try loaded.firstAdapter(of: task, in: pipeline, among: configuration.pipelines) {
                    let labels = "\(adapter.labels.count) labels, digest \(adapter.digest.prefix(12))"
                    report.add(.fine, pipeline.problem(at: "tasks.\(task.name).adapter", labels))
                    if let pending = task.form.pending(adapter.manifest) {
                        let words = "\(pending), as long as the adapter store has no other live adapter"
                        report.add(.warning, pipeline.problem(at: "tasks.\(task.name).adapter", words))
                    }
                    if let doubt = task.abstention?.doubt(adapter.manifest) {
                        report.add(.warning, pipeline.problem(at: "tasks.\(task.name).abstain_below", doubt))
                    }
                    if let doubt = LongTextsChoice.doubt(task.longTexts, of: adapter.manifest) {
                        report.add(.warning, pipeline.problem(at: "tasks.\(task.name).long_texts", doubt))
                    }
                    let reference = try loaded.driftReference(of: adapter, of: task, in: pipeline)
                    if let doubt = task.noneOfThese?.doubt(reference?.spread) {
                        report.add(.warning, pipeline.problem(at: "tasks.\(task.name).none_of_these", doubt))
                    }
                }
            } catch {
                report.add(error)
            }
        }
        return missing
    }

    /// What is allowed, but hardly intended.
    private static func checkIntent(_ pipeline: PipelineConfiguration, positions: Int?, _ report: inout CheckReport) {
        let routed = Set(pipeline.routes.flatMap(\.tasks))
        for task in pipeline.tasks where !routed.contains(task.name) {
            report.add(.warning, pipeline.problem(at: "tasks.\(task.name)", "no route leads to this task"))
        }
        for task in pipeline.tasks where (task.longTexts?.window ?? 0) > pipeline.batch.tokens {
            report.add(
                .warning,
                pipeline.problem(
                    at: "batch.tokens", "is less than the window of task \(task.name): each is a batch of its own"))
        }
        if pipeline.batch.maxTokens(positions: positions ?? .max) > pipeline.batch.tokens {
            report.add(
                .warning,
                pipeline.problem(at: "batch.tokens", "is less than max_tokens: a longer text is a batch of its own"))
        }
    }
}

extension DaemonConfiguration {
    /// Those of the files that name the same base and type as the first, with the tasks that have no problem.
    fileprivate init?(_ files: [PipelineReview]) {
        let pipelines = files.map { file in
            var pipeline = file.configuration
            pipeline.tasks.removeAll { !file.isRight("tasks.\($0.name)") }
            return pipeline
        }
        self.init(pipelines: pipelines.filter { $0.base == pipelines[0].base && $0.dtype == pipelines[0].dtype })
    }
}
