import ArgumentParser
import Daemon
import DaemonClient
import Logging

/// `lorikeet run FILE…`: the daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon: label the records of Kafka topics until SIGTERM.",
        discussion: """
            One process runs several pipelines over one base. SIGTERM drains what is in
            flight, commits the offsets and exits. SIGHUP reloads the pipeline files; an
            invalid file changes nothing.

            EXAMPLES
              lorikeet run pipelines/packages.yaml
              lorikeet run pipelines/mail.yaml pipelines/tickets.yaml --workers 4
              lorikeet run pipelines/packages.yaml --http 127.0.0.1:0 --log-format json
              lorikeet run pipelines/packages.yaml --socket ./lorikeet.sock
              curl -s localhost:9464/readyz
            """)

    @OptionGroup var pipelines: PipelineFiles
    @OptionGroup var workerOptions: WorkerOptions

    @Option(
        help: ArgumentHelp(
            "Address to serve /metrics, /healthz and /readyz on. Port 0 picks a free one.", valueName: "host:port"))
    var http = "127.0.0.1:9464"

    @Flag(help: "Do not serve HTTP.")
    var noHTTP = false

    @Option(
        help: ArgumentHelp(
            "Unix socket to serve lorikeet status, top and tap on, for the daemon's user and root alone. Default: "
                + "lorikeet.sock in the unit's runtime directory under systemd, else none.", valueName: "path"))
    var socket: String?

    @Flag(help: "Do not serve a Unix socket.")
    var noSocket = false

    @Option(
        help: ArgumentHelp(
            "Seconds that a drain may take after SIGTERM. Records still in flight are then abandoned.",
            valueName: "seconds"))
    var drainTimeout = 10

    @Option(
        help: "Format of log events. auto: fields of journald under systemd, else logfmt, in colours on a terminal.")
    var logFormat = LogFormat.auto

    @Option(help: "Minimum level of log lines.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard drainTimeout >= 0 else { throw ValidationError("--drain-timeout must not be negative") }
    }

    func run() async throws {
        DaemonLogging.bootstrap(format: logFormat, level: logLevel)
        var options = DaemonOptions(
            workers: workerOptions.workers, http: noHTTP ? nil : http, drainTimeout: .seconds(drainTimeout))
        if !noSocket { options.socket = socket ?? DaemonSocket.path(environment: options.environment.variables) }
        try await LorikeetDaemon.run(files: pipelines.files, options: options)
    }
}

extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
