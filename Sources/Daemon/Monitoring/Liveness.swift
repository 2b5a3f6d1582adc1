import Serving

/// The answer of `/healthz`: whether the process does its work, whatever the servers around it do.
struct Liveness: Sendable, Encodable {
    /// A batch that takes longer than this means that its worker is stuck, unless a watchdog sets another interval.
    static let defaultBatchLimit = Duration.seconds(60)

    var alive: Bool
    var workers: Int
    /// Workers that are stuck in a batch.
    var stuck: [Int]
}

extension Liveness {
    /// What the workers' heartbeats say. While a worker is stuck, systemd gets no ping and then restarts the daemon.
    ///
    /// - Parameter batchLimit: how long a batch may take; the watchdog's interval, if there is one.
    init(_ heartbeats: [WorkerHeartbeat], batchLimit: Duration = Liveness.defaultBatchLimit) {
        let stuck = heartbeats.filter { ($0.busyFor ?? .zero) > batchLimit }.map(\.worker)
        self.init(alive: stuck.isEmpty, workers: heartbeats.count, stuck: stuck)
    }
}
