import Pipelines
import Threading

/// The options of `lorikeet run`, besides the pipeline files.
public struct DaemonOptions: Sendable {
    /// Threads that classify; nil: one per core.
    public var workers: Int?
    /// `host:port` of `/metrics`, `/healthz` and `/readyz`; port 0: chosen by the system; nil: no pages.
    public var http: String?
    /// The path of the Unix socket for `lorikeet status`, `top` and `tap`; nil: none.
    public var socket: String?
    /// How long a drain may take after SIGTERM.
    public var drainTimeout: Duration
    /// Where variables and relative paths are looked up.
    public var environment: PipelineEnvironment
    /// Whether SIGTERM, SIGINT and SIGHUP are handled; a test stops and reloads by calls.
    public var handlesSignals = true
    /// The program to start as `PROGRAM retrain TASK …`: this one.
    public var retrainProgram = "/proc/self/exe"
    /// Ends the taps of readers that are gone; a test moves it.
    var tapClock = Clock.system

    /// As `lorikeet run` without options.
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
