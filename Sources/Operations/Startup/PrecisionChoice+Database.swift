import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Retraining
import Training

extension PrecisionChoice.Evidence {
    /// What the databases of the pipelines hold of all tasks: live adapters, labelled rows, and texts of the stream
    /// where there are too few rows.
    ///
    /// Rows that the live adapter was trained on are left out if they are known: it is surer of them than of others.
    ///
    /// - Parameter base: the base of the adapters, in any precision. A live adapter of another base counts as none.
    public static func read(
        _ configuration: DaemonConfiguration, base: BERTBase, limits: PrecisionLimits = PrecisionLimits()
    ) async throws -> [PrecisionChoice.Evidence] {
        var evidence: [PrecisionChoice.Evidence] = []
        // Pipelines that share a database share its tasks. In another database, the same name is another task.
        var seen: Set<[String]> = []
        for pipeline in configuration.pipelines {
            let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet precision")
            let store = PostgresAdapterStore(settings)
            let rows = PostgresLabelledRowSource(settings, selection: pipeline.rowSelection)
            do {
                for task in pipeline.tasks
                where seen.insert([pipeline.sink.postgres.value, task.name]).inserted {
                    evidence.append(try await read(task, base: base, store: store, rows: rows, limits: limits))
                }
            } catch {
                await rows.close()
                await store.close()
                throw error
            }
            await rows.close()
            await store.close()
        }
        return evidence
    }

    /// What a store and a source hold of one task.
    static func read(
        _ task: TaskConfiguration, base: BERTBase, store: any AdapterStore, rows source: any LabelledRowSource,
        limits: PrecisionLimits
    ) async throws -> PrecisionChoice.Evidence {
        var evidence = PrecisionChoice.Evidence(task: task.name, adapter: nil, mapping: task.mapping)
        guard let version = try await store.live(tasks: [task.name]).first, version.baseDigest == base.digest else {
            return evidence
        }
        let stored = try await store.load(digest: version.digest)
        let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: base)
        evidence.adapter = adapter
        // Many of the newest rows may be training rows.
        let rows = try await source.rows(task: task.name, limit: 10 * limits.maximumTexts)
        evidence.rows = rows.filter { row in
            row.defect == nil && !row.isDraft && row.isSet == adapter.manifest.isMultiLabel
                && stored.trainingRows?.contains(hash: NormalizedText(row.text).hash64) != true
        }.suffix(limits.maximumTexts).map { LabelledText(text: $0.text, labels: task.mapping.current($0.labels)) }
        guard evidence.rows.count < limits.minimumTexts else { return evidence }
        let texts = try await source.recentTexts(task: task.name, limit: 2 * limits.maximumTexts)
        var seen: Set<String> = []
        evidence.recentTexts = Array(texts.filter { seen.insert($0).inserted }.prefix(limits.maximumTexts))
        return evidence
    }
}
