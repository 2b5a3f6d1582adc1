import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet migrate`: the schema.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create the schema lorikeet, or migrate it to this program's version.",
        discussion: """
            Its role must be allowed to create schemas and tables; the daemon's role need
            not be. You can safely run it twice, or on two machines at once.

            EXAMPLES
              DATABASE_URL=postgresql://owner@db/texts lorikeet migrate
              lorikeet migrate --database postgresql://owner@db/texts --role lorikeet
              lorikeet migrate --pipeline pipelines/packages.yaml
            """)

    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(
        help: ArgumentHelp("Grant this role the privileges that the daemon needs, and no others.", valueName: "name"))
    var role: String?

    @OptionGroup var output: JSONOption

    func run() async throws {
        let report = try await MigrateOperation.run(postgres: databaseOptions.source.connectionString(), role: role)
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else if report.before == report.after {
            try StandardOutput.shared.line("schema lorikeet is already at version \(report.after)")
        } else {
            try StandardOutput.shared.line("schema lorikeet: version \(report.before) -> \(report.after)")
        }
    }
}
