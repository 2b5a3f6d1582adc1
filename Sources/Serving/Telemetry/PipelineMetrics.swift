import CoreMetrics
import Synchronization
import Threading

/// The metrics of one pipeline, made once because looking one up is expensive.
final class PipelineMetrics: Sendable {
    let messages: Counter
    let dropped: Counter
    let batchFill: Recorder
    let batchTokens: Recorder
    let prepare: CoreMetrics.Timer
    let batch: CoreMetrics.Timer
    let classify: CoreMetrics.Timer
    let store: CoreMetrics.Timer
    private let delivery: CoreMetrics.Timer
    private let endToEnd: CoreMetrics.Timer
    let offsetResets: Counter
    private let inFlightMessages: Gauge
    private let inFlightBytes: Gauge
    private let oldestAge: Gauge
    private let paused: Gauge
    private let ready: Gauge
    private let lag: Gauge
    private let pipeline: (String, String)
    private let factory: any MetricsFactory

    // MARK: - Mutable State (guarded by `cache`)

    private struct Cache {
        var tasks: [String: TaskMetrics] = [:]
        /// Rows and age; nil until an outbox is measured: most pipelines have none.
        var outbox: (rows: Gauge, age: Gauge)?
        /// By side.
        var available: [String: Gauge] = [:]
        /// By side and cause.
        var retries: [String: Counter] = [:]
        /// By stage and cause.
        var rejected: [String: Counter] = [:]
        /// By kind.
        var published: [String: Counter] = [:]
        /// By kind and cause.
        var refusedPublications: [String: Counter] = [:]
        var lag: [SourcePartition: Gauge] = [:]
        var committed: [SourcePartition: Gauge] = [:]
    }

    private let cache = Mutex(Cache())

    init(pipeline name: String, factory: any MetricsFactory) {
        self.factory = factory
        let pipeline = ("pipeline", name)
        self.pipeline = pipeline
        func timer(_ stage: String) -> CoreMetrics.Timer {
            CoreMetrics.Timer(
                label: MetricNames.stageSeconds, dimensions: [pipeline, ("stage", stage)], factory: factory)
        }
        messages = Counter(label: MetricNames.messages, dimensions: [pipeline], factory: factory)
        dropped = Counter(label: MetricNames.dropped, dimensions: [pipeline], factory: factory)
        batchFill = Recorder(label: MetricNames.batchFill, dimensions: [pipeline], aggregate: true, factory: factory)
        batchTokens = Recorder(
            label: MetricNames.batchTokens, dimensions: [pipeline], aggregate: true, factory: factory)
        (prepare, batch, classify, store) = (timer("prepare"), timer("batch"), timer("classify"), timer("store"))
        delivery = CoreMetrics.Timer(label: MetricNames.delivery, dimensions: [pipeline], factory: factory)
        endToEnd = CoreMetrics.Timer(label: MetricNames.endToEnd, dimensions: [pipeline], factory: factory)
        offsetResets = Counter(label: MetricNames.offsetResets, dimensions: [pipeline], factory: factory)
        inFlightMessages = Gauge(label: MetricNames.inFlightMessages, dimensions: [pipeline], factory: factory)
        inFlightBytes = Gauge(label: MetricNames.inFlightBytes, dimensions: [pipeline], factory: factory)
        oldestAge = Gauge(label: MetricNames.oldestAge, dimensions: [pipeline], factory: factory)
        paused = Gauge(label: MetricNames.paused, dimensions: [pipeline], factory: factory)
        ready = Gauge(label: MetricNames.ready, dimensions: [pipeline], factory: factory)
        lag = Gauge(label: MetricNames.pipelineLag, dimensions: [pipeline], factory: factory)
    }

    func countRejected(_ stage: RejectionStage, cause: String, by count: Int = 1) {
        cache.withLock { counter(MetricNames.rejected, ("stage", stage.rawValue), cause: cause, in: &$0.rejected) }
            .increment(by: count)
    }

    /// Rows were committed.
    ///
    /// - Parameters:
    ///   - delivery: since the message was received.
    ///   - endToEnd: since it was produced, in milliseconds; nil if it has no timestamp.
    func recordDelivery(_ delivery: Duration, endToEnd milliseconds: Int64?) {
        self.delivery.recordNanoseconds(delivery.nanoseconds)
        // A timestamp far from today, in a damaged record, must not overflow.
        guard let milliseconds, milliseconds < Int64.max / 1_000_000 else { return }
        endToEnd.recordNanoseconds(max(0, milliseconds) * 1_000_000)
    }

    func record(_ dependency: Dependency, isAvailable: Bool) {
        let side = dependency.side
        cache.withLock { cache in
            if let gauge = cache.available[side] { return gauge }
            let gauge = Gauge(
                label: MetricNames.available, dimensions: [pipeline, ("side", side)], factory: factory)
            cache.available[side] = gauge
            return gauge
        }.record(isAvailable ? 1 : 0)
    }

    func countPublished(_ kind: OutboxKind, by count: Int) {
        cache.withLock {
            counter(MetricNames.published, key: kind.rawValue, in: &$0.published, [("kind", kind.rawValue)])
        }.increment(by: count)
    }

    func countRefusedPublication(_ kind: OutboxKind, cause: String) {
        cache.withLock {
            counter(
                MetricNames.refusedPublications, ("kind", kind.rawValue), cause: cause, in: &$0.refusedPublications)
        }.increment()
    }

    func record(_ depth: OutboxDepth) {
        let outbox = cache.withLock { cache in
            if let outbox = cache.outbox { return outbox }
            let outbox = (
                rows: Gauge(label: MetricNames.outboxRows, dimensions: [pipeline], factory: factory),
                age: Gauge(label: MetricNames.outboxAge, dimensions: [pipeline], factory: factory)
            )
            cache.outbox = outbox
            return outbox
        }
        outbox.rows.record(depth.rows)
        outbox.age.record(depth.oldestAge.inSeconds)
    }

    func countRetry(_ side: String, cause: String) {
        cache.withLock { counter(MetricNames.retries, ("side", side), cause: cause, in: &$0.retries) }.increment()
    }

    /// Gives tasks their metrics before their first label, so that rates know their zero.
    func begin(tasks: [String]) { for task in tasks { _ = metrics(of: task) } }

    func count(_ label: TaskLabel) { metrics(of: label.task).count(label) }

    private func metrics(of name: String) -> TaskMetrics {
        cache.withLock { cache in
            if let task = cache.tasks[name] { return task }
            let task = TaskMetrics(dimensions: [pipeline, ("task", name)], factory: factory)
            cache.tasks[name] = task
            return task
        }
    }

    func record(_ status: PipelineStatus) {
        inFlightMessages.record(status.inFlight)
        inFlightBytes.record(status.inFlightBytes)
        paused.record(status.isPaused ? 1 : 0)
        ready.record(status.isReady ? 1 : 0)
    }

    /// - Parameter oldestAge: in seconds; nil where nothing is in flight.
    func record(oldestAge seconds: Double?) { oldestAge.record(max(0, seconds ?? 0)) }

    func record(lag: [SourcePartition: Int64]) {
        self.lag.record(lag.values.reduce(0, +))
        for (partition, messages) in lag {
            cache.withLock { gauge(MetricNames.lag, partition, in: &$0.lag) }.record(messages)
        }
    }

    func record(committed: [SourcePartition: Int64]) {
        for (partition, offset) in committed {
            cache.withLock { gauge(MetricNames.committed, partition, in: &$0.committed) }.record(offset)
        }
    }

    /// Removes lag and committed offset of partitions that are no longer ours.
    func forget(_ partitions: [SourcePartition]) {
        let gauges = cache.withLock { cache in
            partitions.flatMap { [cache.lag.removeValue(forKey: $0), cache.committed.removeValue(forKey: $0)] }
        }
        for gauge in gauges { gauge?.destroy() }
    }

    /// - Parameter key: of the dimensions, within this cache. They are built only for a new counter.
    private func counter(
        _ name: String, key: String, in cache: inout [String: Counter],
        _ dimensions: @autoclosure () -> [(String, String)]
    ) -> Counter {
        if let counter = cache[key] { return counter }
        let counter = Counter(label: name, dimensions: [pipeline] + dimensions(), factory: factory)
        cache[key] = counter
        return counter
    }

    /// A counter by cause. What is behind a cause may be chosen by a user's trigger, so their number is bounded.
    private func counter(
        _ name: String, _ dimension: (String, String), cause: String, in cache: inout [String: Counter]
    ) -> Counter {
        let key = "\(dimension.1) \(cause)"
        let isKnown = cache[key] != nil || cache.count < MetricNames.causeLimit
        let cause = isKnown ? cause : MetricNames.otherCause
        return counter(
            name, key: isKnown ? key : "\(dimension.1) \(cause)", in: &cache, [dimension, ("cause", cause)])
    }

    private func gauge(_ name: String, _ partition: SourcePartition, in cache: inout [SourcePartition: Gauge]) -> Gauge
    {
        if let gauge = cache[partition] { return gauge }
        let dimensions = [pipeline, ("topic", partition.topic), ("partition", String(partition.partition))]
        let gauge = Gauge(label: name, dimensions: dimensions, factory: factory)
        cache[partition] = gauge
        return gauge
    }
}
