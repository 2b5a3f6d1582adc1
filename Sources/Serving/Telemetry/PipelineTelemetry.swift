import CoreMetrics
import LogKeys
import Logging
import Synchronization
import Threading

/// What the stages of a serving pipeline report: each event updates its counters, metrics and log line in one place.
///
/// Nothing that steers the pipeline asks it; ``Availability`` and ``DeliveryTracker`` hold that state.
final class PipelineTelemetry: Sendable {
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
        var isPaused = false
        var received = 0
        var labelled = 0
        var rejected = 0
        var dropped = 0
        var ended = RateMeter()
        var lag: [SourcePartition: Int64] = [:]
        /// Smoothed over about twenty batches.
        var fill: Double?
        var outbox: OutboxDepth?
        var retries = 0
        var sinceProduced = LatencyMeter()
        var sinceReceived = LatencyMeter()
        var answers: [String: AnswerMeter] = [:]
    }

    private let state = Mutex(State())
    private let pipeline: String
    private let logger: Logger
    private let clock: Clock
    private let rejectionLog: RejectionLog
    let metrics: PipelineMetrics
    /// For people who look at texts as they pass.
    let tap: TextTap

    init(pipeline: String, logger: Logger, clock: Clock, metrics factory: any MetricsFactory) {
        var logger = logger
        logger[metadataKey: LogKey.pipeline] = "\(pipeline)"
        self.pipeline = pipeline
        self.logger = logger
        self.clock = clock
        rejectionLog = RejectionLog(logger: logger, clock: clock)
        metrics = PipelineMetrics(pipeline: pipeline, factory: factory)
        tap = TextTap(clock: clock)
    }

    // MARK: - Events

    /// - Parameter group: the consumer group that must assign partitions before texts can flow.
    func entered(_ phase: PipelineState, joining group: String? = nil) {
        let now = clock.now()
        state.withLock { state in
            state.phase = phase
            state.joining = group.map { Joining(group: $0, since: now, saidAt: now) }
        }
        logger.info("pipeline state changed", metadata: [LogKey.state: "\(phase.rawValue)"])
        if let group { logger.info("joining the consumer group", metadata: [LogKey.group: "\(group)"]) }
    }

    /// One line every 30 seconds while the group has assigned nothing.
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
            metadata: [LogKey.group: "\(overdue.group)", LogKey.waited: "\(Self.text(now - overdue.since))"])
    }

    /// The first assignment ends the join; those after it are rebalances.
    private func joined(with partitions: Int) {
        let answered = state.withLock { state in
            defer { state.joining = nil }
            return state.joining
        }
        guard let answered else { return }
        logger.info(
            "joined the consumer group",
            metadata: [
                LogKey.group: "\(answered.group)", LogKey.partitionCount: "\(partitions)",
                LogKey.waited: "\(Self.text(clock.now() - answered.since))",
            ])
    }

    /// Seconds with one decimal.
    private static func text(_ duration: Duration) -> String { "\((duration.inSeconds * 10).rounded() / 10) s" }

    /// What the pipeline depends on; everything is available until an attempt fails.
    func depends(on dependencies: [Dependency]) {
        for dependency in dependencies { metrics.record(dependency, isAvailable: true) }
    }

    /// The tasks that the pipeline has now.
    func serves(_ tasks: [TaskDefinition]) { metrics.begin(tasks: tasks.map(\.name)) }

    /// One line when an outage begins, none while it lasts.
    func becameUnavailable(_ dependency: Dependency, reason: String) {
        metrics.record(dependency, isAvailable: false)
        logger.warning("\(dependency.side) unavailable, retrying", metadata: [LogKey.reason: "\(reason)"])
    }

    /// - Parameter cause: the metric label; one of few.
    func retried(_ dependency: Dependency, cause: String) {
        metrics.countRetry(dependency.side, cause: cause)
        state.withLock { $0.retries += 1 }
    }

    /// One line when an outage ends.
    func recovered(_ dependency: Dependency, attempts: Int, after outage: Duration) {
        metrics.record(dependency, isAvailable: true)
        logger.notice(
            "\(dependency.side) recovered",
            metadata: [LogKey.attempts: "\(attempts)", LogKey.waited: "\(Self.text(outage))"])
    }

    /// One line when an outage ends for the pipeline because nothing waits for the dependency any more: whether it is
    /// available shows with the next message.
    func released(_ dependency: Dependency, attempts: Int, after outage: Duration) {
        metrics.record(dependency, isAvailable: true)
        logger.notice(
            "\(dependency.side) no longer waited for",
            metadata: [LogKey.attempts: "\(attempts)", LogKey.waited: "\(Self.text(outage))"])
    }

    func paused(_ isPaused: Bool) {
        state.withLock { $0.isPaused = isPaused }
        logger.debug(isPaused ? "source paused" : "source resumed")
    }

    func assigned(_ partitions: [SourcePartition]) {
        joined(with: partitions.count)
        logger.info("partitions assigned", metadata: [LogKey.partitions: "\(partitions.map(\.description))"])
    }

    func revoked(_ partitions: [SourcePartition], lost: Bool, abandoned: Int) {
        metrics.forget(partitions)
        state.withLock { state in for partition in partitions { state.lag[partition] = nil } }
        logger.info(
            lost ? "partitions lost" : "partitions revoked",
            metadata: [LogKey.partitions: "\(partitions.map(\.description))", LogKey.abandoned: "\(abandoned)"])
    }

    func received(_ count: Int) {
        metrics.messages.increment(by: count)
        state.withLock { $0.received += count }
    }

    /// Messages were decoded, routed and tokenized.
    func prepared(dropped: Int, took: Duration) {
        metrics.prepare.recordNanoseconds(took.nanoseconds)
        if dropped > 0 { metrics.dropped.increment(by: dropped) }
        state.withLock { state in
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

    func stored(_ finished: [FinishedText], receipt: StoreReceipt, took: Duration) {
        let (now, date) = (clock.now(), clock.date())
        metrics.store.recordNanoseconds(took.nanoseconds)
        let refused = Set(receipt.refusals.map(\.message.origin))
        let kept = refused.isEmpty ? finished : finished.filter { !refused.contains($0.outcome.message.origin) }
        for text in finished {
            metrics.recordDelivery(
                now - text.receivedAt,
                endToEnd: text.outcome.message.producedAt.map { Self.milliseconds(since: $0, at: date) })
            guard case .rejected(let rejection) = text.outcome else { continue }
            metrics.countRejected(rejection.stage, cause: rejection.cause)
            rejectionLog.note(CollectionOfOne(rejection))
        }
        rejectionLog.note(receipt.refusals)
        for (state, count) in receipt.refused { metrics.countRejected(.store, cause: state, by: count) }
        state.withLock { state in
            state.labelled += receipt.labelled
            state.rejected += receipt.rejected
            state.ended.add(finished.count, now: now)
        }
        measure(finished, now: now, date: date)
        count(kept)
        tap.offer(kept)
    }

    /// Labels whose rows were stored.
    private func count(_ kept: [FinishedText]) {
        let labels = kept.flatMap { text -> [TaskLabel] in
            guard case .labelled(let labelled) = text.outcome else { return [] }
            return labelled.labels
        }
        for label in labels { metrics.count(label) }
        state.withLock { state in
            for label in labels { state.answers[label.task, default: AnswerMeter()].add(label) }
        }
    }

    /// Latencies of what was stored.
    private func measure(_ finished: [FinishedText], now: Duration, date: Int64) {
        state.withLock { state in
            for text in finished {
                state.sinceReceived.add((now - text.receivedAt).inSeconds, now: now)
                if let producedAt = text.outcome.message.producedAt {
                    let milliseconds = Self.milliseconds(since: producedAt, at: date)
                    state.sinceProduced.add(Double(milliseconds) / 1000, now: now)
                }
            }
        }
    }

    /// A timestamp of a damaged record must not overflow.
    static func milliseconds(since producedAt: Int64, at date: Int64) -> Int64 {
        let (milliseconds, overflows) = date.subtractingReportingOverflow(producedAt)
        return overflows ? .max : milliseconds
    }

    func published(_ records: [OutboxRecord]) {
        for kind in OutboxKind.allCases {
            let count = records.count { $0.kind == kind }
            if count > 0 { metrics.countPublished(kind, by: count) }
        }
    }

    /// The record is in `rejected` now.
    func refusedPublication(_ record: OutboxRecord, _ error: ConnectorError) {
        metrics.countRefusedPublication(record.kind, cause: error.cause)
        var metadata: Logger.Metadata = [
            LogKey.origin: "\(record.origin)", LogKey.kind: "\(record.kind.rawValue)",
            LogKey.reason: "\(error.reason)",
        ]
        if let trace = record.message.flatMap({ SourceMessage.traceParent(of: $0.headers) }) {
            metadata[LogKey.traceParent] = "\(trace)"
        }
        logger.warning("broker refused a record, not published", metadata: metadata)
    }

    func measured(_ depth: OutboxDepth) {
        metrics.record(depth)
        state.withLock { $0.outbox = depth }
    }

    func lagged(_ lag: [SourcePartition: Int64]) {
        metrics.record(lag: lag)
        state.withLock { $0.lag = lag }
    }

    func offsetReset(_ reason: String) {
        metrics.offsetResets.increment()
        logger.warning("committed offset out of range, reset", metadata: [LogKey.reason: "\(reason)"])
    }

    func committed(_ offsets: [SourcePartition: Int64]) { metrics.record(committed: offsets) }

    func failed(_ reason: String) { logger.error("pipeline failed", metadata: [LogKey.reason: "\(reason)"]) }

    func drainTimedOut(abandoned: Int) {
        logger.warning("drain timed out", metadata: [LogKey.abandoned: "\(abandoned)"])
    }

    // MARK: - Status

    /// - Parameter reasons: why each unavailable dependency is unavailable.
    func status(load: (messages: Int, bytes: Int), partitions: Int, unavailable reasons: [String]) -> PipelineStatus {
        state.withLock { state in
            let joining = state.joining.map { PipelineStatus.Joining(group: $0.group, elapsed: clock.now() - $0.since) }
            var phase = state.phase
            if phase == .running { phase = !reasons.isEmpty ? .waiting : joining != nil ? .joining : .running }
            return PipelineStatus(
                pipeline: pipeline, state: phase, waitingFor: reasons.isEmpty ? nil : reasons.joined(separator: "; "),
                joining: joining, isPaused: state.isPaused,
                partitions: partitions, received: state.received, labelled: state.labelled, rejected: state.rejected,
                dropped: state.dropped, messagesPerSecond: state.ended.rate(now: clock.now()),
                inFlight: load.messages, inFlightBytes: load.bytes, lag: state.lag.values.reduce(0, +),
                batchFill: state.fill ?? 0, outbox: state.outbox.map { OutboxStatus(depth: $0) },
                retries: state.retries, latencySinceProduced: state.sinceProduced.quantiles(now: clock.now()),
                latencySinceReceived: state.sinceReceived.quantiles(now: clock.now()),
                tasks: state.answers.sorted { $0.key < $1.key }.map { $1.answers(task: $0) })
        }
    }
}

extension Duration {
    /// Whole nanoseconds.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
