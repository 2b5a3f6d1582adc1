import ArgumentParser
import Daemon
import Logging

/// `lorikeet run FILE…`: the daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon: topics in, labels out, until SIGTERM.",
        discussion: """
            One process serves several pipelines over one base. SIGTERM drains and commits,
            SIGHUP reads the files anew and keeps the old ones if a new one is bad.

            EXAMPLES
              lorikeet run pipelines/packages.yaml
              lorikeet run pipelines/mail.yaml pipelines/tickets.yaml --workers 4
              lorikeet run pipelines/packages.yaml --http 127.0.0.1:0 --log-format json
              curl -s localhost:9464/readyz
            """)

    @OptionGroup var pipelines: PipelineFiles
    @OptionGroup var workerOptions: WorkerOptions

    @Option(
        help: ArgumentHelp(
            "Where /metrics, /healthz and /readyz listen; port 0: the system chooses.", valueName: "host:port"))
    var http = "127.0.0.1:9464"

    @Flag(help: "Do not listen at all.")
    var noHTTP = false

    @Option(help: ArgumentHelp("Seconds that a drain may take after SIGTERM.", valueName: "seconds"))
    var drainTimeout = 10

    @Option(help: "How log lines look: logfmt or json.")
    var logFormat = LogFormat.logfmt

    @Option(help: "The least level that is logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard drainTimeout >= 0 else { throw ValidationError("--drain-timeout must not be negative") }
    }

    func run() async throws {
        DaemonLogging.bootstrap(format: logFormat, level: logLevel)
        let options = DaemonOptions(
            workers: workerOptions.workers, http: noHTTP ? nil : http, drainTimeout: .seconds(drainTimeout))
        try await LorikeetDaemon.run(files: pipelines.files, options: options)
    }
}

extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
