import ArgumentParser
import Daemon
import JSON
import Logging
import Operations
import Reports

/// `lorikeet rejected retry`.
struct RejectedRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Send rejected messages through the serving path again.",
        discussion: """
            After a pipeline file, a constraint or an adapter was mended: each message is
            read, routed and classified anew, with the registry's live adapters, and its
            outcome replaces its row. Daemons need not stop, and it can be called again if
            it was interrupted.

            EXAMPLES
              lorikeet rejected retry --pipeline pipelines/packages.yaml --stage store
              lorikeet rejected retry --pipeline pipelines/packages.yaml packages/0@17
              lorikeet rejected retry --pipeline pipelines/packages.yaml --all --json
            """)

    @OptionGroup var scope: RejectedScope
    @OptionGroup var options: RejectedOptions
    @OptionGroup var workerOptions: WorkerOptions

    @Option(help: ArgumentHelp("At most so many messages.", valueName: "n"))
    var limit = 1_000_000

    @Option(help: "How log lines look: logfmt or json.")
    var logFormat = LogFormat.logfmt

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
        guard options.databaseOptions.pipeline != nil, options.databaseOptions.database == nil, options.name == nil
        else {
            throw ValidationError("retry needs --pipeline FILE, which names the database, the base and the tasks")
        }
    }

    func run() async throws {
        guard let file = options.databaseOptions.pipeline else { return }
        DaemonLogging.bootstrap(format: logFormat, level: .warning)
        let filter = try options.filter(origins: scope.origins)
        try scope.check(filter)
        let bar = ProgressBar("retry", unit: "messages")
        defer { bar.clear() }
        let report = try await RejectedRetryOperation.run(
            file: file, filter: filter, limit: limit, workers: workerOptions.count,
            logger: Logger(label: "lorikeet.rejected"),
            progress: { bar.update($0, of: $1) })
        bar.clear()
        if output.json { return try StandardOutput.shared.line(JSONValue.encoded(report)) }
        let again = report.rejected.sorted { $0.key < $1.key }.map { "\($0.value) rejected again at \($0.key)" }
        let dropped = report.dropped > 0 ? ["\(report.dropped) dropped"] : []
        try StandardOutput.shared.line(
            "\(report.rows) messages: " + (["\(report.labelled) labelled"] + again + dropped).joined(separator: ", "))
    }
}
