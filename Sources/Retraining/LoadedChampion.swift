import AdapterRegistry
import BERT
import LogKeys

/// The live version of a task, as far as a retraining can use it.
struct LoadedChampion {
    /// Nil where nothing is live.
    let manifest: AdapterManifest?
    /// Nil where it cannot run over this base. Then it cannot be trained further or compared with, but its labels must
    /// not be forgotten.
    let adapter: Adapter?
    /// The rows that it was trained on; nil: unknown.
    let trainingRows: TrainingRowSet?

    init(_ version: AdapterVersion?, pipeline: RetrainingPipeline) async throws {
        guard let version else {
            (manifest, adapter, trainingRows) = (nil, nil, nil)
            return
        }
        let stored = try await pipeline.store.load(digest: version.digest)
        manifest = stored.manifest
        trainingRows = try await pipeline.store.trainingRows(digest: version.digest)
        guard version.baseDigest == pipeline.base.digest else {
            adapter = nil
            return
        }
        var usable: Adapter?
        do {
            usable = try Adapter(manifest: stored.manifest, weights: stored.weights, base: pipeline.base)
        } catch {
            pipeline.logger.warning(
                "champion cannot be used",
                metadata: [LogKey.task: "\(version.task)", LogKey.reason: "\(error)"])
        }
        adapter = usable
    }
}
