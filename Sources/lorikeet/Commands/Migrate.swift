import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet migrate`: the schema.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create the schema, or bring it to this program's version.",
        discussion: """
            Needs a role that may create tables; the daemon itself does not. Safe to run
            twice, and by two machines at once.

            EXAMPLES
              DATABASE_URL=postgresql://owner@db/texts lorikeet migrate
              lorikeet migrate --database postgresql://owner@db/texts --role lorikeet
              lorikeet migrate --pipeline pipelines/packages.yaml
            """)

    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(help: ArgumentHelp("Grant this role what the daemon needs, and no more.", valueName: "name"))
    var role: String?

    @OptionGroup var output: JSONOption

    func run() async throws {
        let report = try await MigrateOperation.run(postgres: databaseOptions.connectionString(), role: role)
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else if report.before == report.after {
            try StandardOutput.shared.line("schema lorikeet is at version \(report.after) already")
        } else {
            try StandardOutput.shared.line("schema lorikeet: version \(report.before) -> \(report.after)")
        }
    }
}
