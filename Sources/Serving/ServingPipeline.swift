import AdapterRegistry
import CoreMetrics
import Logging
import Synchronization
import Threading
import WordPiece

/// The serving path, from a topic to committed rows. Its stages in order, one type each:
///
/// 1. ``TextSource`` delivers messages; ``DeliveryTracker`` records them as in flight.
/// 2. ``MessageReader`` decodes a message and asks the ``Router`` for its tasks.
/// 3. It extracts the text as ``TextExtractor`` says; a message without one is rejected.
/// 4. `WordPieceTokenizer` turns the text into tokens. (`Intake` runs stages 1 to 4.)
/// 5. `Batcher` gathers texts by token budget and age; `BatchStage` offers batches to the workers.
/// 6. ``WorkerPool``: a worker takes a batch and one snapshot of the live adapters; its `Classifier` labels each text.
/// 7. ``LabelSink`` stores all finished messages in one transaction (`SinkStage`); the tracker then settles them.
/// 8. `Intake` commits the offsets that are settled without a gap.
/// 9. `PublishStage` publishes what the sink has put into the ``Outbox``, if the pipeline has one.
///
/// Beside the stages, `AvailabilityMonitor` knows which of adapters, source and sink are unavailable, and
/// `PipelineTelemetry` counts and logs. Telemetry decides nothing.
///
/// A message ends as its label rows, as one rejected row, or dropped if the pipeline drops what no route matches. A
/// message that is in flight when the process dies is delivered again and yields the same rows.
public final class ServingPipeline: Sendable {
    private let source: any TextSource
    private let decoders: (any DecoderSource)?
    private let sink: any LabelSink
    private let liveAdapters: LiveAdapters
    private let clock: Clock
    /// Tokens that the base has positions for.
    private let tokenPositions: Int
    private let initialPlan: ServingPlan
    private let ledger: DeliveryLedger
    private let outcomes: OutcomeQueue
    private let batches: BatchStage
    private let intake: Intake
    private let availability: AvailabilityMonitor
    private let telemetry: PipelineTelemetry
    private let publishing: PublishStage?
    private let dependencies: [Dependency]

    // MARK: - Mutable State (guarded by `state`)

    fileprivate struct State {
        var hasBegun = false
        var isDraining = false
        /// The wait for live adapters, which a drain cuts short.
        var wait: Task<Bool, Never>?
        var failure: ServingError?
    }

    private let state = Mutex(State())
    private let ended = Latch<Void>()

    /// Connects to nothing; ``run()`` does.
    ///
    /// - Parameters:
    ///   - settings: may be changed later with ``update(settings:tasks:router:extractor:)``, as may the next three.
    ///   - decoders: decode what a registry describes; `nil`: payloads are text or JSON.
    ///   - publication: publishes what the sink puts into the outbox. Messages are then stored in the order of their
    ///     partition, not as they finish.
    ///   - workers: shared by all pipelines over one base.
    ///   - clock: for batching, back-off and measurements.
    ///   - metrics: receives the metrics of ``MetricNames``.
    public init(
        settings: ServingSettings, tasks: [TaskDefinition], router: Router, extractor: TextExtractor,
        source: any TextSource, decoders: (any DecoderSource)? = nil, sink: any LabelSink,
        publication: Publication? = nil, tokenizer: WordPieceTokenizer, liveAdapters: LiveAdapters,
        workers: WorkerPool, logger: Logger, clock: Clock = .system,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.source = source
        self.decoders = decoders
        self.sink = sink
        self.liveAdapters = liveAdapters
        self.clock = clock
        tokenPositions = workers.configuration.positions
        initialPlan = ServingPlan(
            settings: settings, tasks: tasks, router: router, extractor: extractor, positions: tokenPositions)
        ledger = DeliveryLedger()
        telemetry = PipelineTelemetry(pipeline: settings.pipeline, logger: logger, clock: clock, metrics: metrics)
        dependencies =
            [.adapters, .source, .sink] + (decoders == nil ? [] : [.registry])
            + (publication == nil ? [] : [.publisher])
        telemetry.depends(on: dependencies)
        telemetry.serves(tasks)
        availability = AvailabilityMonitor(telemetry: telemetry, clock: clock)
        publishing = publication.map { [availability, telemetry] in
            PublishStage(
                $0, availability: availability, telemetry: telemetry, clock: clock, backoff: settings.backoff)
        }
        let outcomes = OutcomeQueue(ledger: ledger, isOrdered: publication != nil)
        self.outcomes = outcomes
        batches = BatchStage(
            settings: settings, workers: workers, clock: clock, telemetry: telemetry, finish: { outcomes.append($0) })
        intake = Intake(
            source: source, decoders: decoders, tokenizer: tokenizer, plan: initialPlan, ledger: ledger,
            batches: batches,
            outcomes: outcomes, availability: availability, telemetry: telemetry, clock: clock)
    }

    /// What the pipeline is doing now; cheap, for health pages and progress lines.
    public var status: PipelineStatus {
        var status = telemetry.status(
            load: ledger.load, partitions: ledger.partitions.count, unavailable: availability.reasons)
        status.dependencies = dependencies.map {
            DependencyStatus(name: $0.side, reason: availability.reason(ofSide: $0.side))
        }
        if let reason = availability.publisherReason {
            status.outbox = OutboxStatus(
                depth: status.outbox?.depth ?? OutboxDepth(rows: 0, oldestAge: .zero), obstacle: reason)
        }
        return status
    }

    /// Shows texts with their labels as they are stored.
    public var tap: TextTap { telemetry.tap }

    /// Labels texts until the task is cancelled or ``drain()`` is called; then finishes what is in flight, commits and
    /// closes source and sink. Runs once.
    ///
    /// - Throws: if the source or the sink fails with the action `.stop`; everything is closed by then.
    public func run() async throws(ServingError) {
        guard state.withLock({ $0.begin() }) else { throw .hasRun }
        // A task of its own: a cancellation must begin a drain, not cut the drain's own calls short.
        let stages = Task { await self.runStages() }
        await withTaskCancellationHandler {
            await stages.value
        } onCancel: {
            beginDrain()
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Ends ``run()`` and waits for it. Returns at once if the pipeline never ran.
    public func drain() async {
        beginDrain()
        guard state.withLock({ $0.hasBegun }) else { return }
        await ended.value
    }

    /// Returns once nothing is in flight, or the task is cancelled.
    public func untilIdle() async { await ledger.untilIdle() }

    /// Applies other settings, tasks and routes to the messages of the next poll. Texts in flight keep theirs.
    ///
    /// The tasks' adapters must be live already, or their texts are rejected. Source, sink, name and back-off stay as
    /// they are: to change those, drain this pipeline and start another.
    public func update(
        settings: ServingSettings, tasks: [TaskDefinition], router: Router, extractor: TextExtractor
    ) {
        telemetry.serves(tasks)
        intake.update(
            ServingPlan(
                settings: settings, tasks: tasks, router: router, extractor: extractor, positions: tokenPositions))
        batches.update(settings)
    }

    // MARK: - Stages

    private func runStages() async {
        // What an earlier process left behind needs no adapters.
        let publishing = Task { await self.publishing?.run() }
        var mayHang = false
        if await adaptersAreLive() {
            telemetry.entered(.running, joining: source.consumerGroup)
            let storing = Task { await self.runSink() }
            let batching = Task { await self.batches.run(liveAdapters: self.liveAdapters) }
            await runIntake()
            telemetry.entered(.draining)
            mayHang = await !finishInFlight()
            batching.cancel()
            storing.cancel()
            await batching.value
            await leave(storing, mayHang: mayHang)
        } else {
            await source.close()
            await decoders?.close()
            await sink.close()
        }
        self.publishing?.stop()
        if mayHang { publishing.cancel() } else { await publishing.value }
        telemetry.entered(.stopped)
        ended.open()
    }

    private func adaptersAreLive() async -> Bool {
        let tasks = initialPlan.taskNames
        let missing = tasks.filter { liveAdapters.snapshot.adapters[$0] == nil }
        guard !missing.isEmpty else { return !state.withLock { $0.isDraining } }
        availability.lacksAdapters(reason: "a live adapter for \(missing.joined(separator: ", "))")
        let wait = Task { await liveAdapters.waitUntilLive(tasks: tasks) }
        let mustStop = state.withLock { state in
            state.wait = wait
            return state.isDraining
        }
        if mustStop { wait.cancel() }
        let areLive = await wait.value
        availability.succeeded(.adapters)
        return areLive
    }

    private func runIntake() async {
        do throws(ConnectorError) { try await intake.run() } catch { fail(.source(error.reason)) }
    }

    private func runSink() async {
        let stage = SinkStage(
            sink: sink, outcomes: outcomes, ledger: ledger, availability: availability, telemetry: telemetry,
            clock: clock, limit: initialPlan.settings.maximumStored,
            onStored: { [publishing] in publishing?.signal() }, backoff: initialPlan.settings.backoff)
        do throws(ConnectorError) { try await stage.run() } catch { fail(.sink(error.reason)) }
    }

    // MARK: - The end

    private func beginDrain() {
        let wait = state.withLock { state in
            state.isDraining = true
            return state.wait
        }
        wait?.cancel()
        intake.stop()
    }

    private func fail(_ error: ServingError) {
        telemetry.failed(error.description)
        state.withLock { $0.failure = $0.failure ?? error }
        beginDrain()
        ledger.settled.signal()
    }

    /// - Returns: whether everything in flight was settled in time, or the sink failed for good.
    private func finishInFlight() async -> Bool {
        batches.close()
        let deadline = clock.now() + intake.settings.drainPatience
        while ledger.load.messages > 0, !sinkHasFailed {
            let left = deadline - clock.now()
            guard left > .zero else {
                telemetry.drainTimedOut(abandoned: ledger.load.messages)
                return false
            }
            await ledger.settled.wait(atMost: left, clock: clock)
        }
        return true
    }

    private var sinkHasFailed: Bool {
        if case .sink = state.withLock({ $0.failure }) { true } else { false }
    }

    /// Commits a last time and closes everything. Does not wait for a sink that did not answer in time, nor again for
    /// a commit that failed: the source tries it as it gives up its partitions.
    private func leave(_ storing: Task<Void, Never>, mayHang: Bool) async {
        if !availability.isUnavailable(.commit) {
            do throws(ConnectorError) { try await intake.commit() } catch {
                availability.failed(.commit, error)
            }
        }
        await source.close()
        await decoders?.close()
        let closing = Task {
            await storing.value
            await sink.close()
        }
        if !mayHang { await closing.value }
    }
}

extension ServingPipeline.State {
    fileprivate mutating func begin() -> Bool {
        defer { hasBegun = true }
        return !hasBegun
    }
}

/// Why ``ServingPipeline/run()`` failed.
public enum ServingError: Error, Equatable, CustomStringConvertible {
    /// The source failed for good, with the reason.
    case source(String)
    /// The sink failed for good, with the reason.
    case sink(String)
    /// The pipeline has run before; make another one.
    case hasRun

    /// One clause.
    public var description: String {
        switch self {
        case .source(let reason): "source: \(reason)"
        case .sink(let reason): "sink: \(reason)"
        case .hasRun: "a serving pipeline runs only once"
        }
    }
}
