import FoundationEssentials
import Pipelines

/// Where a command finds its database: a connection string, a pipeline file, or `$DATABASE_URL`.
public struct DatabaseSource: Sendable {
    /// A libpq connection string.
    public let database: String?
    /// The path of a pipeline file.
    public let pipeline: String?

    /// At most one of both is given; with neither, the environment decides.
    public init(database: String?, pipeline: String?) { (self.database, self.pipeline) = (database, pipeline) }

    /// The pipeline file, read; nil if none was named.
    public func configuration() throws -> PipelineConfiguration? {
        guard let pipeline else { return nil }
        return try PipelineFile.read(path: pipeline)
    }

    /// The connection string.
    ///
    /// - Throws: status 64 if nothing names a database.
    public func connectionString() throws -> Secret {
        if let database { return Secret(database) }
        if let configuration = try configuration() { return configuration.sink.postgres }
        if let url = ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty { return Secret(url) }
        throw CommandFailure(.usage, "no database: give --database URL or --pipeline FILE, or set DATABASE_URL")
    }
}
