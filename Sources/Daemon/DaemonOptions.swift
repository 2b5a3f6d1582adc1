import Pipelines

/// What `lorikeet run` takes besides the pipeline files.
public struct DaemonOptions: Sendable {
    /// Threads that classify; nil: one a core.
    public var workers: Int?
    /// Where `/metrics`, `/healthz` and `/readyz` listen; port 0: chosen by the system; nil: nowhere.
    public var http: String?
    /// How long a drain may take after SIGTERM.
    public var drainTimeout: Duration
    public var environment: PipelineEnvironment
    /// Whether SIGTERM, SIGINT and SIGHUP are taken; a test stops and reloads by calls.
    public var handlesSignals = true
    /// The program that is started as `PROGRAM retrain TASK …`: this one.
    public var retrainProgram = "/proc/self/exe"

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
