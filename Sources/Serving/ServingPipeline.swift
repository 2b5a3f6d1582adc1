import AdapterRegistry
import CoreMetrics
import Logging
import Synchronization
import Threading
import WordPiece

/// The serving path, from a topic to committed rows. Its stages, in order, each a type of its own:
///
/// 1. ``TextSource`` delivers messages; ``DeliveryTracker`` notes them.
/// 2. ``MessageReader`` decodes a message and asks the ``Router`` which tasks want it.
/// 3. It then takes the text out, by ``TextExtractor``; what has none is rejected.
/// 4. `WordPieceTokenizer` turns the text into tokens. (1 to 4 are the `Intake`.)
/// 5. `Batcher` gathers texts by token budget and age; `BatchStage` offers batches to the workers.
/// 6. ``WorkerPool``: a worker takes a batch and one snapshot of the live adapters; its `Classifier` labels each text.
/// 7. ``LabelSink`` stores what has gathered in one transaction (`SinkStage`); then the tracker settles it.
/// 8. The intake commits to the source what is settled without a gap.
///
/// A message ends as its label rows, as one rejected row, or dropped where the pipeline says so. One that is under way when
/// the process dies is delivered again, and its rows are the same rows.
public final class ServingPipeline: Sendable {
    private let source: any TextSource
    private let sink: any LabelSink
    private let liveAdapters: LiveAdapters
    private let clock: Clock
    private let positions: Int
    private let initialPlan: ServingPlan
    private let ledger: DeliveryLedger
    private let outcomes: OutcomeQueue
    private let batches: BatchStage
    private let intake: Intake
    private let telemetry: PipelineTelemetry

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

    /// Nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - clock: the clock of batching, back-off and measurements.
    ///   - metrics: where the figures named in ``MetricNames`` go.
    public init(
        settings: ServingSettings, tasks: [TaskDefinition], router: Router, extractor: TextExtractor,
        source: any TextSource, sink: any LabelSink, tokenizer: WordPieceTokenizer, liveAdapters: LiveAdapters,
        workers: WorkerPool, logger: Logger, clock: Clock = .system,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.source = source
        self.sink = sink
        self.liveAdapters = liveAdapters
        self.clock = clock
        positions = workers.base.configuration.positions
        initialPlan = ServingPlan(
            settings: settings, tasks: tasks, router: router, extractor: extractor, positions: positions)
        ledger = DeliveryLedger()
        telemetry = PipelineTelemetry(pipeline: settings.pipeline, logger: logger, clock: clock, metrics: metrics)
        let outcomes = OutcomeQueue()
        self.outcomes = outcomes
        batches = BatchStage(
            settings: settings, workers: workers, clock: clock, telemetry: telemetry, finish: { outcomes.append($0) })
        intake = Intake(
            source: source, tokenizer: tokenizer, plan: initialPlan, ledger: ledger, batches: batches,
            outcomes: outcomes,
            telemetry: telemetry, clock: clock)
    }

    /// What the way is doing now; cheap, for health pages and progress lines.
    public var status: PipelineStatus { telemetry.status(load: ledger.load, partitions: ledger.partitions.count) }

    /// Labels texts until the task is cancelled or ``drain()`` is called; then finishes what is in flight, commits and closes
    /// source and sink. Runs once.
    ///
    /// - Throws: when the source or the sink says that no waiting can help; everything is closed by then.
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

    /// Asks for the end of ``run()`` and waits for it. Returns at once if the way never ran.
    public func drain() async {
        beginDrain()
        guard state.withLock({ $0.hasBegun }) else { return }
        await ended.value
    }

    /// Puts other settings, tasks and routes into force for the messages that come next. Texts under way keep theirs.
    ///
    /// The tasks' adapters must be live already, or their texts are rejected. Source, sink, name and patience of the pipeline
    /// stay: for others, drain this way and begin a new one.
    public func update(
        settings: ServingSettings, tasks: [TaskDefinition], router: Router, extractor: TextExtractor
    ) {
        intake.update(
            ServingPlan(settings: settings, tasks: tasks, router: router, extractor: extractor, positions: positions))
        batches.update(settings)
    }

    // MARK: - Stages

    private func runStages() async {
        if await adaptersAreLive() {
            telemetry.entered(.running, joining: source.consumerGroup)
            let storing = Task { await self.runSink() }
            let batching = Task { await self.batches.run(liveAdapters: self.liveAdapters) }
            await runIntake()
            telemetry.entered(.draining)
            let mayHang = await !finishInFlight()
            batching.cancel()
            storing.cancel()
            await batching.value
            await leave(storing, mayHang: mayHang)
        } else {
            await source.close()
            await sink.close()
        }
        telemetry.entered(.stopped)
        ended.open()
    }

    private func adaptersAreLive() async -> Bool {
        let tasks = initialPlan.taskNames
        let missing = tasks.filter { liveAdapters.snapshot.adapters[$0] == nil }
        guard !missing.isEmpty else { return !state.withLock { $0.isDraining } }
        telemetry.blocked(.adapters, reason: "a live adapter for \(missing.joined(separator: ", "))")
        let wait = Task { await liveAdapters.waitUntilLive(tasks: tasks) }
        let mustStop = state.withLock { state in
            state.wait = wait
            return state.isDraining
        }
        if mustStop { wait.cancel() }
        let areLive = await wait.value
        telemetry.cleared(.adapters)
        return areLive
    }

    private func runIntake() async {
        do throws(SourceError) {
            let listener = RebalanceListener(
                ledger: ledger, batches: batches, telemetry: telemetry, patience: { self.revocationPatience })
            try await intake.run(listener: listener)
        } catch {
            fail(.source(error.reason))
        }
    }

    private func runSink() async {
        let stage = SinkStage(
            sink: sink, outcomes: outcomes, ledger: ledger, telemetry: telemetry, clock: clock,
            limit: initialPlan.settings.maximumStored, backoff: initialPlan.settings.backoff)
        do throws(SinkError) { try await stage.run() } catch { fail(.sink(error.reason)) }
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

    /// Whether waiting for what is in flight makes sense at all: the sink works, and nobody gave up.
    private var revocationPatience: Duration {
        let isHopeless = telemetry.isBlocked(by: .sink) || state.withLock { $0.isDraining }
        return isHopeless ? .zero : intake.settings.revocationPatience
    }

    /// - Returns: whether the sink came to an end in time, of what is in flight or by failing for good.
    private func finishInFlight() async -> Bool {
        batches.close()
        let deadline = clock.now() + intake.settings.drainPatience
        while ledger.load.messages > 0, !sinkHasFailed {
            let left = deadline - clock.now()
            guard left > .zero else {
                telemetry.gaveUp(ledger.load.messages)
                return false
            }
            await ledger.settled.wait(atMost: left, clock: clock)
        }
        return true
    }

    private var sinkHasFailed: Bool {
        if case .sink = state.withLock({ $0.failure }) { true } else { false }
    }

    /// The last commit, then everything is closed. A sink that did not answer in time is not waited for.
    private func leave(_ storing: Task<Void, Never>, mayHang: Bool) async {
        do throws(SourceError) { try await intake.commit() } catch {
            telemetry.blocked(.commit, reason: error.reason, cause: error.cause)
        }
        await source.close()
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

/// Why a serving pipeline ended by itself.
public enum ServingError: Error, Equatable, CustomStringConvertible {
    case source(String)
    case sink(String)
    /// A way runs once; make another one.
    case hasRun

    public var description: String {
        switch self {
        case .source(let reason): "source: \(reason)"
        case .sink(let reason): "sink: \(reason)"
        case .hasRun: "a serving pipeline runs only once"
        }
    }
}
