import ArgumentParser
import Connectors
import JSON
import Operations
import Pipelines
import Reports
import Retraining

/// `lorikeet migrate`: the schema.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create the schema lorikeet, or migrate it to this program's version.",
        discussion: """
            Its role must be allowed to create schemas and tables; the daemon's role need
            not be. You can safely run it twice, or on two machines at once.

            Where an older version stored texts per task, it then moves them to the table
            messages in small transactions. Daemons may run and be restarted meanwhile.
            Interrupt it at any time, and run it again to go on.

            EXAMPLES
              DATABASE_URL=postgresql://owner@db/texts lorikeet migrate
              lorikeet migrate --database postgresql://owner@db/texts --role lorikeet
              lorikeet migrate --database postgresql:///texts --role lorikeet --create-role
              lorikeet migrate --pipeline pipelines/packages.yaml
              lorikeet migrate --database postgresql://owner@db/texts --partitioned
            """)

    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(
        help: ArgumentHelp("Grant this role the privileges that the daemon needs, and no others.", valueName: "name"))
    var role: String?

    @Flag(help: "Create the role of --role if it does not exist, with LOGIN and without a password.")
    var createRole = false

    @Flag(help: "Give labels and messages a partition per month. Only for a new schema.")
    var partitioned = false

    @OptionGroup var output: JSONOption

    func validate() throws {
        if createRole && role == nil { throw ValidationError("--create-role needs --role") }
    }

    func run() async throws {
        let postgres = try databaseOptions.source.connectionString()
        var report = try await MigrateOperation.run(
            postgres: postgres, role: role, createsRole: createRole, isPartitioned: partitioned)
        if !output.json {
            let change =
                report.before == report.after
                ? " is already at version \(report.after)" : ": version \(report.before) -> \(report.after)"
            try StandardOutput.shared.line("schema lorikeet" + change)
            // The daemons may be restarted from here on.
            try StandardOutput.shared.flush()
        }
        let move = try await moveTexts(postgres)
        report.movedTexts = move.rows
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else if move.rows > 0 {
            try StandardOutput.shared.line("texts moved to lorikeet.messages: \(Quantity.text(move.rows, "row"))")
        }
        if move.rows > 0, move.isComplete {
            StandardError.write(
                "to use the freed space and to repair the indexes: VACUUM lorikeet.labels; "
                    + "REINDEX TABLE CONCURRENTLY lorikeet.labels")
        }
        if !move.isComplete {
            StandardError.write("interrupted: run `lorikeet migrate` again to move the other texts")
            throw ExitCode(130)
        }
        if move.remaining > 0 {
            StandardError.write(
                "\(Quantity.text(move.remaining, "row")) could not be moved, because a daemon was just writing: "
                    + "run `lorikeet migrate` again")
        }
    }

    private func moveTexts(_ postgres: Secret) async throws -> TextMoveReport {
        let bar = ProgressBar("moving texts", unit: "parts")
        defer { bar.clear() }
        return try await Interruption.cancelling {
            try await MigrateOperation.moveTexts(postgres: postgres) {
                bar.update($0.done, of: $0.total, note: [Quantity.text($0.rows, "row")])
            }
        }
    }
}
