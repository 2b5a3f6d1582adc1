import ArgumentParser
import Foundation
import Operations
import Pipelines

/// Where the database is: `--database`, `--pipeline`, or the environment.
struct DatabaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The database, as libpq writes it; default: $DATABASE_URL.", valueName: "url"))
    var database: String?

    @Option(
        help: ArgumentHelp("Take database and base from this pipeline file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var pipeline: String?

    func validate() throws {
        guard database == nil || pipeline == nil else {
            throw ValidationError("--database and --pipeline both name a database: give one of them")
        }
    }

    /// The pipeline file that was named, read.
    func configuration() throws -> PipelineConfiguration? {
        guard let pipeline else { return nil }
        return try PipelineFile.read(path: pipeline)
    }

    /// The connection string.
    func connectionString() throws -> Secret {
        if let database { return Secret(database) }
        if let configuration = try configuration() { return configuration.sink.postgres }
        if let url = ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty { return Secret(url) }
        throw CommandFailure(.usage, "no database: give --database URL, --pipeline FILE, or set DATABASE_URL")
    }
}
