import ArgumentParser
import JSON
import Operations
import Reports
import Serving

/// `lorikeet prune`: old rows.
struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete the rows of a pipeline that are older than its file says.",
        discussion: """
            A daemon does the same every ten minutes. The key retention of the pipeline
            file says how long the rows of each table are kept. Rows of records that wait
            in the outbox are kept, and annotations are not touched. Daemons may run
            meanwhile. After an interruption, run it again.

            EXAMPLES
              lorikeet prune --pipeline pipelines/packages.yaml --dry-run
              lorikeet prune --pipeline pipelines/packages.yaml --json
            """)

    @Option(pipeline: "The pipeline file. It names the database and the ages.")
    var pipeline: String

    @Flag(help: "Only say how many rows would be deleted.")
    var dryRun = false

    @OptionGroup var output: JSONOption

    func run() async throws {
        let bar = ProgressBar("prune", unit: "rows")
        defer { bar.clear() }
        let (file, isDryRun) = (pipeline, dryRun)
        let report = try await Interruption.cancelling {
            try await PruneOperation.run(file: file, isDryRun: isDryRun, progress: { bar.update($0, of: nil) })
        }
        bar.clear()
        let rows = RetentionTable.allCases.compactMap { table in report.rows[table].map { (table.rawValue, $0) } }
        if output.json {
            let members = rows.map { (key: $0.0, value: JSONValue.integer($0.1)) }
            try StandardOutput.shared.line(
                JSONValue.object([
                    ("pipeline", .string(report.pipeline)), ("dry_run", .boolean(report.isDryRun)),
                    ("rows", .object(members)),
                ]).text)
            return
        }
        var table = TextTable(.left("table"), .right(report.isDryRun ? "rows to delete" : "rows deleted"))
        for (name, rows) in rows { table.add(name, String(rows)) }
        try table.print()
    }
}
