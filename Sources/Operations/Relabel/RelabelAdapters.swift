import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Serving

/// The live adapters of a run that relabels, kept up to date, and what changed meanwhile.
actor RelabelAdapters {
    /// What the workers use.
    nonisolated let live: LiveAdapters
    private let store: PostgresAdapterStore
    private let forms: [String: AdapterRequirements]
    private let base: BERTBase

    // MARK: - Mutable State (isolated to the actor)

    /// Adapters that went live since the start, in order.
    private(set) var promotions: [RelabelReport.Promotion] = []
    /// Versions that are live and cannot be used, with the reason.
    private(set) var refused: [String: String] = [:]

    /// - Parameter tasks: of the pipeline; each must have a live adapter.
    init(
        of tasks: [TaskConfiguration], in pipeline: PipelineConfiguration, base: BERTBase, settings: PostgresSettings
    ) async throws {
        live = try await LiveAdapters.required(
            of: tasks, in: pipeline, base: base, settings: settings,
            missing: "the registry has no live adapter: let a daemon publish one, or name other tasks with --task",
            withShadows: false)
        store = PostgresAdapterStore(settings)
        forms = Dictionary(tasks.map { ($0.name, $0.form) }) { first, _ in first }
        self.base = base
    }

    /// Closes the connection.
    func close() async { await store.close() }

    /// Asks the registry which adapters are live now.
    func refresh() async throws(ConnectorError) {
        let before = live.snapshot.adapters
        do {
            refused = try await live.refresh(from: store, tasks: forms, base: base, withShadows: false).refused
        } catch let error as ConnectorError {
            throw error
        } catch {
            throw ConnectorError(action: .stop, reason: "\(error)")
        }
        let after = live.snapshot.adapters
        for (task, adapter) in after.sorted(by: { $0.key < $1.key }) {
            guard let former = before[task]?.adapter.digest, former != adapter.adapter.digest else { continue }
            promotions.append(.init(task: task, from: former, to: adapter.adapter.digest))
        }
    }

    /// What the rows of each task get.
    nonisolated var targets: [RelabelSelection.Target] {
        live.snapshot.adapters.map { task, live in
            .init(task: task, digest: live.adapter.digest, dtype: live.adapter.baseDtype)
        }.sorted { $0.task < $1.task }
    }
}
