import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Serving

extension LiveAdapters {
    /// What an error says of a task without a live adapter.
    static let missing = "the adapter store has no live adapter"

    /// The live adapters of a pipeline's tasks, for a command that needs every one of them.
    ///
    /// - Parameters:
    ///   - missing: what an error says of a task without a live adapter.
    ///   - withShadows: whether challengers in shadow label beside the live adapters.
    /// - Throws: status 78 at the key of a task whose live adapter is missing or cannot be used; what the database
    ///   failed with.
    static func required(
        of tasks: [TaskConfiguration], in pipeline: PipelineConfiguration, base: BERTBase, settings: PostgresSettings,
        missing: String = LiveAdapters.missing, withShadows: Bool = true
    ) async throws -> LiveAdapters {
        let live = LiveAdapters()
        let forms = Dictionary(tasks.map { ($0.name, $0.form) }) { first, _ in first }
        let outcome = try await PostgresAdapterStore(settings).closing { store in
            try await live.refresh(from: store, tasks: forms, base: base, withShadows: withShadows)
        }
        if let (task, reason) = outcome.refused.min(by: { $0.key < $1.key }) {
            throw CommandFailure(
                pipeline.problem(at: "tasks.\(task)", "the live adapter cannot be used: \(reason)"))
        }
        if let task = outcome.missing.min() { throw CommandFailure(pipeline.problem(at: "tasks.\(task)", missing)) }
        return live
    }
}
