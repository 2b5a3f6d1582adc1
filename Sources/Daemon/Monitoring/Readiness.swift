import Serving

/// The answer of `/readyz`: whether texts flow through every pipeline, and what a pipeline waits for.
public struct Readiness: Sendable, Encodable, Equatable {
    struct Pipeline: Sendable, Encodable, Equatable {
        var name: String
        var state: String
        var waitingFor: String?
        /// The consumer group that has not assigned partitions yet, and since when.
        var joining: String?
        /// What waits in the outbox, and why, while nothing is published. Texts flow all the same.
        var outbox: String?
        /// What the pipeline depends on: `broker`, `database`, `adapters`, and where it has them `registry` and
        /// `publisher`.
        var parts: [String: Part]?

        enum CodingKeys: String, CodingKey {
            case name, state, joining, outbox, parts
            case waitingFor = "waiting_for"
        }
    }

    /// A part on which a pipeline depends.
    struct Part: Sendable, Encodable, Equatable {
        /// `available` or `unavailable`.
        var state: String
        /// Why it is unavailable.
        var reason: String?

        init(_ reason: String?) { (state, self.reason) = (reason == nil ? "available" : "unavailable", reason) }
    }

    /// Whether every pipeline is running and waits for nothing.
    public var ready: Bool
    var pipelines: [Pipeline]

    init(pipelines: [Pipeline]) {
        self.pipelines = pipelines
        ready = !pipelines.isEmpty && pipelines.allSatisfy(\.isReady)
    }

    /// A line for the log.
    var summary: String {
        if pipelines.isEmpty { return "starting" }
        let waiting = pipelines.filter { !$0.isReady }
        if waiting.isEmpty {
            let outboxes = pipelines.compactMap { pipeline in pipeline.outbox.map { "\(pipeline.name): \($0)" } }
            let labelling = "labelling: \(pipelines.map(\.name).joined(separator: ", "))"
            return ([labelling] + outboxes).joined(separator: "; ")
        }
        return waiting.map { "\($0.name): \($0.summary)" }.joined(separator: "; ")
    }

    /// The line for systemd's STATUS=: what the pipelines do, how fast, and what is still to do.
    func statusLine(_ statuses: [PipelineStatus]) -> String {
        guard !statuses.isEmpty else { return summary }
        let rate = Int(statuses.reduce(0) { $0 + $1.messagesPerSecond }.rounded())
        let lag = statuses.reduce(0) { $0 + $1.lag }
        return "\(summary); \(rate) records per second, lag \(lag)"
    }
}

extension Readiness.Pipeline {
    /// - Parameter obstacle: why the adapters cannot be read or used; nil if they can, or the pipeline knows why not.
    init(_ status: PipelineStatus, obstacle: LiveAdapterService.Obstacle?) {
        var parts = Dictionary(
            status.dependencies.map { (Self.partNames[$0.name] ?? $0.name, Readiness.Part($0.reason)) }
        ) { first, _ in first }
        switch obstacle {
        case .database(let reason): parts["database"] = Readiness.Part(reason)
        case .adapters(let reason): parts["adapters"] = Readiness.Part(reason)
        case nil: break
        }
        self.init(
            name: status.pipeline, state: status.state.rawValue,
            waitingFor: obstacle?.description ?? status.waitingFor,
            joining: status.joining.map(String.init(describing:)),
            outbox: status.outbox?.obstacle.map { "not publishing: \($0)" }, parts: parts)
    }

    /// What source and sink are.
    private static let partNames = ["source": "broker", "sink": "database"]

    var isReady: Bool { state == "running" && waitingFor == nil }

    fileprivate var summary: String {
        let reasons = [waitingFor.map { "waiting for \($0)" }, joining.map { "joining \($0)" }].compactMap(\.self)
        return reasons.isEmpty ? state : reasons.joined(separator: ", ")
    }
}
