import Serving

/// The answer of `/healthz`: whether the process does its work, whatever the world around it does.
struct Liveness: Sendable, Encodable {
    /// A batch that takes longer than this means that its worker is stuck, where no watchdog has another opinion.
    static let patience = Duration.seconds(60)

    var alive: Bool
    var workers: Int
    /// Workers that are stuck in a batch.
    var stuck: [Int]
}

extension Liveness {
    /// What the workers' heartbeats say. systemd hears no ping while a worker is stuck, and then starts the daemon anew.
    ///
    /// - Parameter patience: how long a batch may take; a watchdog's interval, where there is one.
    init(_ heartbeats: [WorkerHeartbeat], patience: Duration = Liveness.patience) {
        let stuck = heartbeats.filter { ($0.busyFor ?? .zero) > patience }.map(\.worker)
        self.init(alive: stuck.isEmpty, workers: heartbeats.count, stuck: stuck)
    }
}

/// The answer of `/readyz`: whether texts flow through every pipeline, and what is waited for where not.
public struct Readiness: Sendable, Encodable, Equatable {
    struct Pipeline: Sendable, Encodable, Equatable {
        var name: String
        var state: String
        var waitingFor: String?
        /// The consumer group that has not assigned partitions yet, and for how long.
        var joining: String?

        enum CodingKeys: String, CodingKey {
            case name, state, joining
            case waitingFor = "waiting_for"
        }
    }

    public var ready: Bool
    var pipelines: [Pipeline]

    init(pipelines: [Pipeline]) {
        self.pipelines = pipelines
        ready = !pipelines.isEmpty && pipelines.allSatisfy(\.isReady)
    }

    /// A line for systemd's STATUS= and the log.
    var summary: String {
        if pipelines.isEmpty { return "starting" }
        let waiting = pipelines.filter { !$0.isReady }
        if waiting.isEmpty { return "labelling: \(pipelines.map(\.name).joined(separator: ", "))" }
        return waiting.map { "\($0.name): \($0.summary)" }.joined(separator: "; ")
    }
}

extension Readiness.Pipeline {
    var isReady: Bool { state == "running" && waitingFor == nil }

    fileprivate var summary: String {
        let reasons = [waitingFor.map { "waiting for \($0)" }, joining.map { "joining \($0)" }].compactMap(\.self)
        return reasons.isEmpty ? state : reasons.joined(separator: ", ")
    }
}
