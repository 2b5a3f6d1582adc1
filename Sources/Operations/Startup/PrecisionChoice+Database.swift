import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Retraining
import Training

extension PrecisionChoice.Evidence {
    /// What the databases of the pipelines hold of all tasks: live adapters, labelled rows, and texts of the stream
    /// where there are too few rows. A task that has no live adapter yet gets that of the folder in its file.
    ///
    /// Rows that the adapter was trained on are left out if they are known: it is surer of them than of others.
    ///
    /// - Parameter loaded: the base of the adapters, in any precision. A live adapter of another base counts as none.
    static func read(
        _ configuration: DaemonConfiguration, loaded: LoadedBase, limits: PrecisionLimits = PrecisionLimits()
    ) async throws -> [PrecisionChoice.Evidence] {
        var evidence: [PrecisionChoice.Evidence] = []
        // Pipelines that share a database share its tasks. In another database, the same name is another task.
        var seen: Set<[String]> = []
        for pipeline in configuration.pipelines {
            let postgres = pipeline.sink.postgres.value
            let settings = PostgresSettings(dsn: postgres, applicationName: "lorikeet precision")
            let tasks = pipeline.tasks.filter { seen.insert([postgres, $0.name]).inserted }
            let source = PostgresLabelledRowSource(settings, selection: pipeline.rowSelection)
            evidence += try await PostgresAdapterStore(settings).closing { store in
                try await source.closing { rows in
                    try await read(
                        tasks, of: configuration.databases[postgres] ?? [], loaded: loaded, store: store, rows: rows,
                        limits: limits)
                }
            }
        }
        return evidence
    }

    /// What a store and a source hold of some tasks of a pipeline.
    ///
    /// - Parameter pipelines: all that share the database.
    static func read(
        _ tasks: [TaskConfiguration], of pipelines: [PipelineConfiguration], loaded: LoadedBase,
        store: any AdapterStore, rows source: any LabelledRowSource, limits: PrecisionLimits
    ) async throws -> [PrecisionChoice.Evidence] {
        var evidence: [PrecisionChoice.Evidence] = []
        for task in tasks {
            var own = PrecisionChoice.Evidence(task: task.name, adapter: nil, mapping: task.mapping)
            if let found = try await adapter(of: task, in: pipelines, loaded: loaded, store: store) {
                (own.adapter, own.accepted) = (found.adapter, found.accepted)
                own.rows = try await rows(of: task, found, source, limits)
                if own.rows.count < limits.minimumTexts {
                    own.recentTexts = try await texts(of: task, source, limits)
                }
            }
            evidence.append(own)
        }
        let poor = evidence.indices.filter {
            evidence[$0].adapter != nil
                && max(evidence[$0].rows.count, evidence[$0].recentTexts.count) < limits.minimumTexts
        }
        guard !poor.isEmpty else { return evidence }
        // A new task: the texts that other tasks have labelled are of the same stream.
        for task in tasks {
            let texts = try await texts(of: task, source, limits)
            guard texts.count >= limits.minimumTexts else { continue }
            for place in poor { evidence[place].recentTexts = texts }
            break
        }
        return evidence
    }

    /// An adapter with what judges it.
    private struct Found {
        let adapter: Adapter
        /// The rows that it was trained on; nil: unknown.
        let trainingRows: TrainingRowSet?
        /// As of the evidence.
        var accepted: BasePrecision?
    }

    /// The live adapter, or the one that the daemon will publish at its first start.
    private static func adapter(
        of task: TaskConfiguration, in pipelines: [PipelineConfiguration], loaded: LoadedBase, store: any AdapterStore
    ) async throws -> Found? {
        if let version = try await store.live(tasks: [task.name]).first {
            guard version.baseDigest == loaded.base.digest else { return nil }
            let stored = try await store.load(digest: version.digest)
            let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: loaded.base)
            return Found(
                adapter: adapter, trainingRows: try await store.trainingRows(digest: version.digest),
                accepted: version.acceptedPrecision)
        }
        for pipeline in pipelines {
            guard let task = pipeline.task(task.name),
                let adapter = try loaded.firstAdapter(of: task, in: pipeline, among: pipelines)
            else { continue }
            return Found(adapter: adapter, trainingRows: try loaded.trainingRows(of: adapter, of: task, in: pipeline))
        }
        return nil
    }

    private static func rows(
        of task: TaskConfiguration, _ found: Found, _ source: any LabelledRowSource, _ limits: PrecisionLimits
    ) async throws -> [LabelledText] {
        // Many of the newest rows may be training rows.
        let rows = try await source.rows(task: task.name, limit: 10 * limits.maximumTexts)
        return rows.filter { row in
            row.defect == nil && !row.isDraft && row.isSet == found.adapter.manifest.isMultiLabel
                && found.trainingRows?.contains(hash: NormalizedText(row.text).hash64) != true
        }.suffix(limits.maximumTexts).map { LabelledText(text: $0.text, labels: task.mapping.current($0.labels)) }
    }

    /// The newest texts that the task has labelled, each once.
    private static func texts(
        of task: TaskConfiguration, _ source: any LabelledRowSource, _ limits: PrecisionLimits
    ) async throws -> [String] {
        let texts = try await source.recentTexts(task: task.name, limit: 2 * limits.maximumTexts)
        var seen: Set<String> = []
        return Array(texts.filter { seen.insert($0).inserted }.prefix(limits.maximumTexts))
    }
}
