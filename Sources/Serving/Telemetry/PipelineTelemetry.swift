import CoreMetrics
import Logging
import Synchronization
import Threading

/// Where the stages of a serving pipeline note what happens: counters, metrics and log lines of an event in one place.
final class PipelineTelemetry: Sendable {
    /// What a serving pipeline can be waiting for; each with its own reason.
    enum Obstacle: String, CaseIterable {
        case adapters
        case source
        /// Reading works, committing does not.
        case commit
        case sink

        /// What the log says, and which obstacles one outage can make.
        var side: String { self == .commit ? Obstacle.source.rawValue : rawValue }
    }

    /// From the first obstacle of a side of the house until none is left.
    private struct Outage {
        let since: Duration
        var attempts = 0
    }

    /// From the subscription to the first assignment.
    private struct Joining {
        let group: String
        let since: Duration
        var saidAt: Duration
    }

    /// How often the log says that the group has not answered yet.
    private static let joiningInterval = Duration.seconds(30)

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var phase = PipelineState.starting
        var joining: Joining?
        var obstacles: [Obstacle: String] = [:]
        /// By side.
        var outages: [String: Outage] = [:]
        var isPaused = false
        var received = 0
        var labelled = 0
        var rejected = 0
        var dropped = 0
        var ended = RateMeter()
        var lag: [SourcePartition: Int64] = [:]
        /// Smoothed over some twenty batches.
        var fill: Double?
    }

    private let state = Mutex(State())
    private let pipeline: String
    private let logger: Logger
    private let clock: Clock
    let metrics: PipelineMetrics

    init(pipeline: String, logger: Logger, clock: Clock, metrics factory: any MetricsFactory) {
        var logger = logger
        logger[metadataKey: "pipeline"] = "\(pipeline)"
        self.pipeline = pipeline
        self.logger = logger
        self.clock = clock
        metrics = PipelineMetrics(pipeline: pipeline, factory: factory)
    }

    // MARK: - Events

    /// - Parameter group: the consumer group whose assignment is to come before texts can flow.
    func entered(_ phase: PipelineState, joining group: String? = nil) {
        let now = clock.now()
        state.withLock { state in
            state.phase = phase
            state.joining = group.map { Joining(group: $0, since: now, saidAt: now) }
        }
        logger.info("pipeline is \(phase.rawValue)")
        if let group { logger.info("joining the consumer group", metadata: ["group": "\(group)"]) }
    }

    /// One line now and then while the group does not answer.
    func stillJoining() {
        let now = clock.now()
        let overdue = state.withLock { state -> Joining? in
            guard let joining = state.joining, now - joining.saidAt >= Self.joiningInterval else { return nil }
            state.joining?.saidAt = now
            return joining
        }
        guard let overdue else { return }
        logger.notice(
            "still joining the consumer group",
            metadata: ["group": "\(overdue.group)", "waited": "\(Self.text(now - overdue.since))"])
    }

    /// The first assignment is the group's answer; those after it are rebalances.
    private func joined(with partitions: Int) {
        let answered = state.withLock { state in
            defer { state.joining = nil }
            return state.joining
        }
        guard let answered else { return }
        logger.info(
            "joined the consumer group",
            metadata: [
                "group": "\(answered.group)", "partitions": "\(partitions)",
                "waited": "\(Self.text(clock.now() - answered.since))",
            ])
    }

    /// Seconds with one decimal.
    private static func text(_ duration: Duration) -> String { "\((duration.seconds * 10).rounded() / 10) s" }

    /// One line when a side becomes blocked, none while it is.
    ///
    /// - Parameter cause: for the metric; one of few.
    func blocked(_ obstacle: Obstacle, reason: String, cause: String = "other") {
        let now = clock.now()
        let isNew = state.withLock { state in
            state.obstacles[obstacle] = reason
            let isNew = state.outages[obstacle.side] == nil
            state.outages[obstacle.side, default: Outage(since: now)].attempts += 1
            return isNew
        }
        if obstacle != .adapters { metrics.countRetry(obstacle.side, cause: cause) }
        if isNew { logger.warning("\(obstacle.side) unavailable, retrying", metadata: ["reason": "\(reason)"]) }
    }

    /// One line when the last obstacle of a side is gone.
    func cleared(_ obstacle: Obstacle) {
        let outage = state.withLock { state -> Outage? in
            guard state.obstacles.removeValue(forKey: obstacle) != nil,
                !state.obstacles.keys.contains(where: { $0.side == obstacle.side })
            else { return nil }
            return state.outages.removeValue(forKey: obstacle.side)
        }
        guard let outage else { return }
        logger.notice(
            "\(obstacle.side) recovered",
            metadata: [
                "attempts": "\(outage.attempts)", "waited": "\(Self.text(clock.now() - outage.since))",
            ])
    }

    func isBlocked(by obstacle: Obstacle) -> Bool { state.withLock { $0.obstacles[obstacle] != nil } }

    func paused(_ isPaused: Bool) {
        state.withLock { $0.isPaused = isPaused }
        logger.debug(isPaused ? "source paused" : "source resumed")
    }

    func assigned(_ partitions: [SourcePartition]) {
        joined(with: partitions.count)
        logger.info("partitions assigned", metadata: ["partitions": "\(partitions.map(\.description))"])
    }

    func revoked(_ partitions: [SourcePartition], lost: Bool, unfinished: Int) {
        metrics.forget(partitions)
        state.withLock { state in for partition in partitions { state.lag[partition] = nil } }
        logger.info(
            lost ? "partitions lost" : "partitions revoked",
            metadata: ["partitions": "\(partitions.map(\.description))", "abandoned": "\(unfinished)"])
    }

    func received(_ count: Int, dropped: Int, took: Duration) {
        metrics.messages.increment(by: count)
        metrics.prepare.recordNanoseconds(took.nanoseconds)
        if dropped > 0 { metrics.dropped.increment(by: dropped) }
        state.withLock { state in
            state.received += count
            state.dropped += dropped
            if dropped > 0 { state.ended.add(dropped, now: clock.now()) }
        }
    }

    func batchCut(tokens: Int, budget: Int, waited: Duration) {
        let fill = min(1, Double(tokens) / Double(max(1, budget)))
        metrics.batchTokens.record(tokens)
        metrics.batchFill.record(fill)
        metrics.batch.recordNanoseconds(waited.nanoseconds)
        state.withLock { $0.fill = ($0.fill ?? fill) * 0.95 + fill * 0.05 }
    }

    func classified(took: Duration) { metrics.classify.recordNanoseconds(took.nanoseconds) }

    func stored(_ outcomes: [Outcome], receipt: StoreReceipt, took: Duration) {
        metrics.store.recordNanoseconds(took.nanoseconds)
        for outcome in outcomes {
            switch outcome {
            case .labelled(let labelled):
                for label in labelled.labels { metrics.countLabel(task: label.task, abstained: label.abstained) }
            case .rejected(let rejection): metrics.countRejected(rejection.stage, cause: rejection.cause)
            case .dropped: break
            }
        }
        for (state, count) in receipt.refused { metrics.countRejected(.store, cause: state, by: count) }
        state.withLock { state in
            state.labelled += receipt.labelled
            state.rejected += receipt.rejected
            state.ended.add(outcomes.count, now: clock.now())
        }
    }

    func lagged(_ lag: [SourcePartition: Int64]) {
        metrics.record(lag: lag)
        state.withLock { $0.lag = lag }
    }

    func positionReset(_ reason: String) {
        metrics.positionResets.increment()
        logger.warning("a position is out of range; reading goes on elsewhere", metadata: ["reason": "\(reason)"])
    }

    func committed(_ positions: [SourcePartition: Int64]) { metrics.record(committed: positions) }

    func failed(_ reason: String) { logger.error("pipeline stops", metadata: ["reason": "\(reason)"]) }

    func gaveUp(_ unfinished: Int) {
        logger.warning("drain ended early", metadata: ["abandoned": "\(unfinished)"])
    }

    // MARK: - Status

    func status(load: (messages: Int, bytes: Int), partitions: Int) -> PipelineStatus {
        state.withLock { state in
            let reasons = Obstacle.allCases.compactMap { state.obstacles[$0] }
            let joining = state.joining.map { PipelineStatus.Joining(group: $0.group, elapsed: clock.now() - $0.since) }
            var phase = state.phase
            if phase == .running { phase = !reasons.isEmpty ? .waiting : joining != nil ? .joining : .running }
            return PipelineStatus(
                pipeline: pipeline, state: phase, waitingFor: reasons.isEmpty ? nil : reasons.joined(separator: "; "),
                joining: joining, isPaused: state.isPaused,
                partitions: partitions, received: state.received, labelled: state.labelled, rejected: state.rejected,
                dropped: state.dropped, messagesPerSecond: state.ended.rate(now: clock.now()),
                inFlight: load.messages, inFlightBytes: load.bytes, lag: state.lag.values.reduce(0, +),
                batchFill: state.fill ?? 0)
        }
    }
}

extension Duration {
    /// Whole nanoseconds.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
