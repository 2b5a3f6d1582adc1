import Logging

/// What `lorikeet run` takes besides the pipeline files.
public struct DaemonOptions: Sendable {
    /// Threads that classify; nil: one a core.
    public var workers: Int?
    /// Where `/metrics`, `/healthz` and `/readyz` listen; port 0: chosen by the system; nil: nowhere.
    public var http: String?
    /// How long a drain may take after SIGTERM.
    public var drainTimeout: Duration
    public var environment: PipelineEnvironment

    public init(
        workers: Int? = nil, http: String? = "127.0.0.1:9464", drainTimeout: Duration = .seconds(10),
        environment: PipelineEnvironment = .process
    ) {
        self.workers = workers
        self.http = http
        self.drainTimeout = drainTimeout
        self.environment = environment
    }
}

/// The daemon: the composition root of both ways.
public final class LorikeetDaemon: Sendable {
    /// Runs until SIGTERM or SIGINT, then drains.
    ///
    /// - Throws: status 78 for a pipeline file, 1 for everything that made it stop.
    public static func run(
        files: [String], options: DaemonOptions = DaemonOptions(), logger: Logger = Logger(label: "lorikeet")
    ) async throws(CommandFailure) {
        throw CommandFailure(.failed, "not there yet")
    }
}
