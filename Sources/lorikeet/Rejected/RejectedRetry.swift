import ArgumentParser
import Daemon
import JSON
import Logging
import Operations
import Reports

/// `lorikeet rejected retry`.
struct RejectedRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Run rejected records through the serving path again.",
        discussion: """
            For use after you have fixed a pipeline file, a constraint or an adapter. Each
            record is routed and classified again with the live adapters, and the outcome
            replaces its row. Daemons may run meanwhile. After an interruption, run it
            again.

            EXAMPLES
              lorikeet rejected retry --pipeline pipelines/packages.yaml --stage store
              lorikeet rejected retry --pipeline pipelines/packages.yaml packages/0@17
              lorikeet rejected retry --pipeline pipelines/packages.yaml --all --json
            """)

    @OptionGroup var scope: RejectedScope
    @Option(pipeline: "The pipeline file. It names database, base and tasks.")
    var pipeline: String

    @OptionGroup var filters: RejectedFilterOptions
    @OptionGroup var workerOptions: WorkerOptions

    @Option(help: ArgumentHelp("Maximum number of records.", valueName: "n"))
    var limit = 1_000_000

    @Option(
        help: "Format of log events. auto: fields of journald under systemd, else logfmt, in colours on a terminal.")
    var logFormat = LogFormat.auto

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        DaemonLogging.bootstrap(format: logFormat, level: .warning)
        let database = DatabaseSource(database: nil, pipeline: pipeline)
        let filter = filters.filter(pipeline: try database.configuration()?.name, origins: scope.origins)
        try scope.check(filter)
        let bar = ProgressBar("retry", unit: "records")
        defer { bar.clear() }
        let report = try await RejectedRetryOperation.run(
            file: pipeline, filter: filter, limit: limit, workers: workerOptions.count,
            logger: Logger(label: "lorikeet.rejected"),
            progress: { bar.update($0, of: $1) })
        bar.clear()
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            try print(report)
        }
        BatchOptions.say(outbox: report.outbox, publisher: report.publisher)
    }

    private func print(_ report: RejectedRetryReport) throws {
        let again = report.rejected.sorted { $0.key < $1.key }.map { "\($0.value) rejected again at \($0.key)" }
        let dropped = report.dropped > 0 ? ["\(report.dropped) dropped"] : []
        let republished = report.republished > 0 ? ["\(report.republished) to be published again"] : []
        let parts = ["\(report.labelled) labelled"] + republished + again + dropped
        try StandardOutput.shared.line("\(report.rows) records: " + parts.joined(separator: ", "))
    }
}
