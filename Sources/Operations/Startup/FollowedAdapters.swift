import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Reports
import Serving

/// The live adapters of a command that may run for hours, kept up to date with the adapter store, and what changed
/// meanwhile: it must not write labels of an adapter that the daemons have replaced.
actor FollowedAdapters: Closable {
    /// What the workers use.
    nonisolated let live: LiveAdapters
    private let store: PostgresAdapterStore
    private let forms: [String: AdapterRequirements]
    private let base: BERTBase
    private let withShadows: Bool

    // MARK: - Mutable State (isolated to the actor)

    /// Adapters that went live since the start, in order.
    private(set) var replacements: [AdapterReplacement] = []
    /// Versions that are live and cannot be used, by task, with the reason. The former ones go on labelling.
    private(set) var refused: [String: String] = [:]

    /// - Parameters:
    ///   - tasks: of the pipeline; each must have a live adapter.
    ///   - missing: what an error says of a task without one.
    ///   - withShadows: whether challengers in shadow label beside the live adapters.
    /// - Throws: as ``LiveAdapters/required(of:in:base:settings:missing:withShadows:)``.
    init(
        of tasks: [TaskConfiguration], in pipeline: PipelineConfiguration, base: BERTBase, settings: PostgresSettings,
        missing: String = LiveAdapters.missing, withShadows: Bool = true
    ) async throws {
        live = try await LiveAdapters.required(
            of: tasks, in: pipeline, base: base, settings: settings, missing: missing, withShadows: withShadows)
        store = PostgresAdapterStore(settings)
        forms = Dictionary(tasks.map { ($0.name, $0.form) }) { first, _ in first }
        (self.base, self.withShadows) = (base, withShadows)
    }

    /// Closes the connection.
    func close() async { await store.close() }

    /// Asks the adapter store which adapters are live now. One call at a time.
    func refresh() async throws(ConnectorError) {
        let before = live.snapshot.adapters
        do {
            refused = try await live.refresh(from: store, tasks: forms, base: base, withShadows: withShadows).refused
        } catch let error as ConnectorError {
            throw error
        } catch {
            throw ConnectorError(action: .stop, reason: "\(error)")
        }
        let after = live.snapshot.adapters
        for (task, adapter) in after.sorted(by: { $0.key < $1.key }) {
            guard let former = before[task]?.adapter.digest, former != adapter.adapter.digest else { continue }
            replacements.append(AdapterReplacement(task: task, from: former, to: adapter.adapter.digest))
        }
    }

    /// What changed meanwhile, a line each.
    var notes: [String] { Self.notes(replacements: replacements, refused: refused) }

    /// What changed meanwhile, a line each.
    static func notes(replacements: [AdapterReplacement], refused: [String: String]) -> [String] {
        replacements.map {
            "\($0.task): adapter \(Figure.digest($0.to)) replaced \(Figure.digest($0.from)) meanwhile"
        }
            + refused.sorted { $0.key < $1.key }.map {
                "\($0.key): the adapter that is live now cannot be used: \($0.value)"
            }
    }

    /// What the rows of each task get.
    nonisolated var targets: [RelabelSelection.Target] {
        live.snapshot.adapters.map { task, live in
            .init(task: task, digest: live.adapter.digest, dtype: live.adapter.baseDtype)
        }.sorted { $0.task < $1.task }
    }
}
