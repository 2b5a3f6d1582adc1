import Connectors
import Pipelines

/// What waits in the outbox of a pipeline after a command, and who publishes it.
struct WaitingRecords: Sendable {
    /// How many.
    let records: Int
    /// Host and process that publish the pipeline's records now; nil: nobody does.
    let publisher: String?

    /// nil if the pipeline publishes nothing, or if the database does not answer.
    static func count(of pipeline: PipelineConfiguration) async -> WaitingRecords? {
        guard let settings = pipeline.outboxSettings else { return nil }
        let outbox = PostgresOutbox(
            PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet \(pipeline.name)"),
            pipeline: pipeline.name, settings: settings)
        let waiting: WaitingRecords?
        do {
            waiting = WaitingRecords(records: try await outbox.depth().rows, publisher: try await outbox.publisher())
        } catch {
            waiting = nil
        }
        await outbox.close()
        return waiting
    }
}
