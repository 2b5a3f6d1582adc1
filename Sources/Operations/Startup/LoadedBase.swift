import AdapterRegistry
import BERT
import Drift
import FoundationEssentials
import Pipelines
import WordPiece

/// The base and the tokenizer of the pipeline files, loaded. An error names the file, the line and the key that named
/// the folder.
public struct LoadedBase: Sendable {
    /// The frozen encoder.
    public let base: BERTBase
    /// The tokenizer of the same folder.
    public let tokenizer: WordPieceTokenizer
    /// Why the base computes in this type; nil where a file or an option names the type.
    public let dtypeReason: String?

    /// The type in which the base computes, with the reason if there is one: `float32 (not measured: …)`.
    public var dtype: String { base.dtype + (dtypeReason.map { " (\($0))" } ?? "") }

    /// Loads the one base of the pipelines and its tokenizer.
    ///
    /// - Parameter serving: in place of what the files say.
    public init(
        _ configuration: DaemonConfiguration, serving: ServingPrecision? = nil
    ) throws(ConfigurationError) {
        try self.init(reading: configuration, serving: serving)
        try requireFit(configuration)
    }

    /// Loads the base without asking whether the files fit it (``misfits(_:)``).
    init(reading configuration: DaemonConfiguration, serving: ServingPrecision? = nil) throws(ConfigurationError) {
        guard let pipeline = configuration.pipelines.first else { throw ConfigurationError([]) }
        guard Self.isFolder(configuration.base) else {
            throw ConfigurationError([
                pipeline.problem(
                    at: "base",
                    "there is no folder \(configuration.base); relative paths start at the working directory, then "
                        + "at the file's folder")
            ])
        }
        let serving = serving ?? ServingPrecision(configuration.dtype)
        dtypeReason = serving.reason
        do {
            if let measured = serving.base {
                (base, tokenizer) = (measured, try WordPieceTokenizer(directory: configuration.base))
            } else {
                let read = BaseFolder(configuration.base, precision: serving.precision).read()
                (base, tokenizer) = (try read.base.get(), try read.tokenizer.get())
            }
        } catch {
            throw ConfigurationError([pipeline.problem(at: "base", "\(error)")])
        }
    }

    private init(_ base: BERTBase, _ tokenizer: WordPieceTokenizer, dtypeReason: String) {
        (self.base, self.tokenizer, self.dtypeReason) = (base, tokenizer, dtypeReason)
    }

    /// The same base in other types, read anew, with the same tokenizer.
    ///
    /// - Parameters:
    ///   - folder: that of the base.
    ///   - reason: why, for a person; it is added to why the base computes in its types now.
    /// - Throws: `BaseError`, or a failure if the folder has another base by now.
    public func finer(_ precision: BasePrecision, from folder: String, because reason: String) throws -> LoadedBase {
        let finer = try BERTBase(directory: folder, precision: precision)
        guard finer.digest == base.digest else {
            throw CommandFailure(.failed, "\(folder) has another base by now")
        }
        return LoadedBase(
            finer, tokenizer, dtypeReason: [dtypeReason, reason].compactMap(\.self).joined(separator: "; "))
    }

    /// Checks what depends on both the base and the files: vocabulary, positions and layers.
    public func requireFit(_ configuration: DaemonConfiguration) throws(ConfigurationError) {
        let problems = misfits(configuration)
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    /// What is wrong with vocabulary, positions and layers.
    func misfits(_ configuration: DaemonConfiguration) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        let (vocabulary, positions) = (base.configuration.vocabulary, base.configuration.positions)
        if tokenizer.vocabularySize > vocabulary, let pipeline = configuration.pipelines.first {
            problems.append(
                pipeline.problem(
                    at: "base",
                    "the tokenizer has \(tokenizer.vocabularySize) tokens, but the weights have \(vocabulary)"))
        }
        for pipeline in configuration.pipelines {
            guard let maxTokens = pipeline.batch.maxTokens, maxTokens > positions else { continue }
            problems.append(
                pipeline.problem(
                    at: "batch.max_tokens", "is \(maxTokens), but the base has only \(positions) positions"))
        }
        for pipeline in configuration.pipelines {
            for task in pipeline.tasks {
                guard let problem = task.longTexts?.problem(positions: positions) else { continue }
                problems.append(pipeline.problem(at: "tasks.\(task.name).long_texts.window", problem))
            }
        }
        for pipeline in configuration.pipelines {
            for layer in pipeline.retrain?.training.layers ?? [] where layer >= base.configuration.layers {
                problems.append(
                    pipeline.problem(
                        at: "retrain.layers",
                        "the base has no layer \(layer), only 0 to \(base.configuration.layers - 1)"))
            }
        }
        return problems
    }

    /// Loads the adapter of a task's folder and compares its labels, or names them.
    ///
    /// - Parameter pipelines: all of this daemon: each of them that has the task names its labels.
    /// - Returns: nil where the task names no folder, or one that does not exist.
    func firstAdapter(
        of task: TaskConfiguration, in pipeline: PipelineConfiguration, among pipelines: [PipelineConfiguration]
    ) throws(ConfigurationError) -> Adapter? {
        guard let folder = task.adapter, Self.isFolder(folder) else { return nil }
        let adapter: Adapter
        do throws(AdapterError) {
            adapter = try Adapter.load(
                directory: folder, base: base,
                names: [task.labelNames] + Self.labelNames(of: task, in: pipelines, but: pipeline))
        } catch .invalidLabels(let reason) {
            throw ConfigurationError([
                pipeline.problem(at: "tasks.\(task.name).labels", "\(reason) (adapter \(folder))")
            ])
        } catch {
            throw ConfigurationError([pipeline.problem(at: "tasks.\(task.name).adapter", "\(error)")])
        }
        if let mismatch = task.form.mismatch(adapter.manifest) {
            throw ConfigurationError([
                pipeline.problem(at: "tasks.\(task.name).labels", "\(mismatch) (adapter \(folder))")
            ])
        }
        return adapter
    }

    /// The rows that the first adapter of a task was trained on; nil if they are unknown.
    func trainingRows(
        of adapter: Adapter, of task: TaskConfiguration, in pipeline: PipelineConfiguration
    ) throws(ConfigurationError) -> TrainingRowSet? {
        guard let folder = task.adapter else { return nil }
        do throws(CommandFailure) { return try AdapterFolder.trainingRows(folder, of: adapter) } catch {
            throw ConfigurationError([pipeline.problem(at: "tasks.\(task.name).adapter", error.message)])
        }
    }

    /// The drift reference of the first adapter of a task; nil if its folder has none.
    func driftReference(
        of adapter: Adapter, of task: TaskConfiguration, in pipeline: PipelineConfiguration
    ) throws(ConfigurationError) -> DriftReference? {
        guard let folder = task.adapter else { return nil }
        do throws(CommandFailure) { return try DriftReferenceFile.read(folder, of: adapter) } catch {
            throw ConfigurationError([pipeline.problem(at: "tasks.\(task.name).adapter", error.message)])
        }
    }

    /// What the other pipelines call the labels of a task that they share.
    private static func labelNames(
        of task: TaskConfiguration, in pipelines: [PipelineConfiguration], but pipeline: PipelineConfiguration
    ) -> [LabelNames] {
        pipelines.filter { $0.file != pipeline.file }.compactMap { other in
            other.task(task.name).map {
                LabelNames(source: "\(other.file)", labels: $0.labels, isMultiLabel: $0.isMultiLabel)
            }
        }
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }
}
