import Connectors
import Pipelines

/// The task, the pipeline file and the database that an `annotations` command works on.
public struct AnnotationScope: Sendable {
    /// The pipeline file.
    public let configuration: DaemonConfiguration
    /// The pipeline of the file.
    public let pipeline: PipelineConfiguration
    /// The task.
    public let task: TaskConfiguration
    /// The database.
    let settings: PostgresSettings

    /// Reads the pipeline file.
    ///
    /// - Parameters:
    ///   - database: a connection string in place of the file's, for a role with other privileges; nil: the file's.
    /// - Throws: status 78 for the file, and for a task that it does not have.
    public init(
        task name: String, file: String, database: String? = nil, environment: PipelineEnvironment = .process
    ) throws(CommandFailure) {
        do throws(ConfigurationError) {
            configuration = try DaemonConfiguration.read(files: [file], environment: environment)
            guard let pipeline = configuration.pipelines.first else { throw ConfigurationError([]) }
            (self.pipeline, task) = (pipeline, try pipeline.requiredTask(name))
        } catch {
            throw CommandFailure(error)
        }
        settings = PostgresSettings(
            dsn: database ?? pipeline.sink.postgres.value, applicationName: "lorikeet annotations")
    }

    /// Runs the body with a connection that is closed afterwards.
    func withAnnotations<Value>(
        _ body: (PostgresAnnotations) async throws -> Value
    ) async throws(CommandFailure) -> Value {
        try await CommandFailure.wrapping {
            try await DatabaseSchema.verify(settings)
            return try await PostgresAnnotations(settings).closing(body)
        }
    }

    /// Whether the task gives sets of labels: as the file says, else as the live adapter does.
    func isMultiLabel(_ annotations: PostgresAnnotations) async throws -> Bool {
        if let isMultiLabel = task.isMultiLabel { return isMultiLabel }
        return try await annotations.liveAdapterIsMultiLabel(task: task.name) ?? false
    }
}
