import ArgumentParser
import Operations

/// `--database` and `--pipeline`: where the database is.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The database, a libpq connection string or URL. Default: $DATABASE_URL.", valueName: "url"))
    var database: String?

    @Option(pipeline: "Take the database, and the base if one is needed, from this pipeline file.")
    var pipeline: String?

    func validate() throws {
        guard database == nil || pipeline == nil else {
            throw ValidationError("--database and --pipeline both name a database: give one of them")
        }
    }

    var source: DatabaseSource { DatabaseSource(database: database, pipeline: pipeline) }
}
