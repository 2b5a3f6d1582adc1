import AdapterRegistry
import BERT
import Pipelines
import Training
import WordPiece

/// `lorikeet adapters import`: publishes the adapter of a folder in the registry.
public struct AdapterImport {
    /// The task whose version it becomes.
    public var task: String
    /// Folder of the adapter.
    public var directory: String
    /// Names for its labels, if its folder names none.
    public var labels: LabelNames
    /// Folder of the base; nil: that of the pipeline file.
    public var base: String?
    /// The types in which it computes; nil: as the pipeline file says, or float32.
    public var dtype: BasePrecision?
    /// What another type than float32 may cost the adapter on the rows of ``evaluate``.
    public var limits = PrecisionLimits()
    /// Whether it becomes live at once.
    public var promote: Bool
    /// A file of labelled rows; the metrics on them are stored with the version.
    public var evaluate: String?
    /// How these rows are read; whether they are multi-label is the adapter's matter.
    public var rowOptions: RowOptions
    /// Threads that compute the metrics.
    public var workers: Int
    /// The registry's database.
    public var database: DatabaseSource

    /// An import that has not run.
    public init(
        task: String, directory: String, labels: LabelNames, base: String?, dtype: BasePrecision? = nil, promote: Bool,
        evaluate: String?, rowOptions: RowOptions, workers: Int, database: DatabaseSource
    ) {
        (self.task, self.directory, self.labels, self.base) = (task, directory, labels, base)
        (self.dtype, self.promote, self.evaluate, self.rowOptions) = (dtype, promote, evaluate, rowOptions)
        (self.workers, self.database) = (workers, database)
    }

    /// Publishes the adapter, and promotes it if that was requested. The same adapter twice is one version.
    ///
    /// - Parameter note: gets what was found in the rows, one line per finding, and what the precision costs.
    /// - Throws: also if the promotion was requested and the precision costs too much. The version is then a candidate.
    public func run(note: (String) -> Void) async throws -> AdapterVersion {
        let registry = AdaptersOperation(database)
        let (folder, isAutomatic) = try await baseFolder(registry, note: note)
        let base = try BERTBase(directory: folder.path, precision: folder.precision)
        let adapter = try namedAdapter(base: base)
        let trainingRows = try AdapterFolder.trainingRows(directory, of: adapter)
        if trainingRows == nil {
            note("\(directory): does not say which rows it was trained on, so it may be judged by some of them")
        }
        let reference = try DriftReferenceFile.read(directory, of: adapter)
        var measured = Measured()
        if let evaluate {
            measured = try self.measured(adapter, folder.path, base, isAutomatic, rows: evaluate, note: note)
        }
        let (metrics, objection, accepted) = (measured.metrics, measured.objection, measured.accepted)
        return try await registry.withStore { store in
            var version = try await store.publish(
                task: task, adapter: adapter, metrics: metrics, parentDigest: nil, trainingRows: trainingRows)
            // Before the promotion: daemons read it when they take the adapter in use.
            if let reference { try await store.store(reference) }
            // A live version that is only evaluated changes no daemon.
            if let accepted, promote || version.state != .live {
                version = try await store.accept(task: task, version: version.version, over: accepted)
            }
            guard promote else { return version }
            if let objection {
                throw CommandFailure(
                    .failed, "version \(version.version) of \(task) is a candidate and was not promoted: \(objection)")
            }
            let promotion = Promotion(by: Operator.name, reason: "imported from \(directory)")
            return try await store.promote(task: task, version: version.version, promotion)
        }
    }

    /// The base: in the types that are given, else as the pipeline file says. Under `auto`, rows judge the adapter in
    /// what a daemon would choose now, and its layers may fall back.
    private func baseFolder(
        _ registry: AdaptersOperation, note: (String) -> Void
    ) async throws -> (folder: BaseFolder, isAutomatic: Bool) {
        let folder = try registry.baseFolder(base, dtype: dtype)
        guard evaluate != nil, dtype == nil, let file = database.pipeline,
            try database.configuration()?.dtype == .auto,
            let serving = await ServingPrecision.resolve(files: [file])
        else { return (folder, false) }
        if let reason = serving.reason { note("dtype auto: \(reason)") }
        return (BaseFolder(folder.path, precision: serving.precision), true)
    }

    /// The adapter, its labels named by `--labels` or the pipeline file if its folder names none.
    ///
    /// An adapter that the pipeline cannot use must not become live for it.
    private func namedAdapter(base: BERTBase) throws -> Adapter {
        guard let configuration = try database.configuration() else {
            return try AdapterFolder.load(directory, base: base, naming: labels)
        }
        guard let declared = configuration.task(task) else {
            throw CommandFailure(.configuration, "\(configuration.file): there is no task \(task)")
        }
        let place = "\(configuration.file):\(declared.line): tasks.\(task)"
        let adapter: Adapter
        do throws(AdapterError) {
            adapter = try Adapter.load(directory: directory, base: base, names: [labels, declared.labelNames])
        } catch .invalidLabels(let reason) {
            throw CommandFailure(.configuration, "\(place): \(reason) (adapter \(directory))")
        } catch {
            throw AdapterFolder.failure(error, directory)
        }
        try AdapterFolder.require(labels, of: adapter, directory)
        if let mismatch = declared.form.mismatch(adapter.manifest) {
            throw CommandFailure(.configuration, "\(place): \(mismatch)")
        }
        return adapter
    }

    /// What the rows say of the adapter.
    private struct Measured {
        var metrics: [String: Double] = [:]
        /// Why it must not go live over this base.
        var objection: String?
        /// Over which types of the base it may go live, if those that would serve cost it too much.
        var accepted: BasePrecision?
    }

    private func measured(
        _ adapter: Adapter, _ folder: String, _ base: BERTBase, _ isAutomatic: Bool, rows path: String,
        note: (String) -> Void
    ) throws -> Measured {
        let tokenizer = try WordPieceTokenizer(directory: folder)
        var options = rowOptions
        options.isMultiLabel = adapter.manifest.isMultiLabel
        let input = try EvaluationInput(paths: [path], options: options, adapters: [adapter])
        input.findings.forEach(note)
        input.hint.map(note)
        let maxTokens = min(adapter.manifest.maxTokens ?? TokenLimit.standard, base.configuration.positions)
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workers, maxTokens: maxTokens)
        var measured = Measured(metrics: evaluator.evaluate(input.rows, adapter: adapter).metrics)
        guard base.precision != .float32 else { return measured }
        let check = try PrecisionCheck(
            float32: BERTBase(directory: folder), tokenizer: tokenizer,
            subjects: [PrecisionCheck.Subject(task: task, adapter: adapter, rows: input.rows)], limits: limits,
            workers: workers, maxTokens: maxTokens)
        func finer() throws -> BERTBase {
            let type = isAutomatic ? base.dataType.fallback : .float32
            return try type == .float32 ? check.float32 : BERTBase(directory: folder, precision: BasePrecision(type))
        }
        let fallback = try PrecisionFallback(check, reduced: base, finer: finer)
        note(fallback.reason)
        if fallback.fellBack {
            if isAutomatic {
                measured.accepted = fallback.precision
            } else {
                measured.objection = "\(fallback.reason); \(PrecisionFallback.remedy)"
            }
        }
        return measured
    }
}
