import AdapterRegistry
import Synchronization
import Threading

/// Stage 5: offers batches to the workers as they become due.
final class BatchStage: Sendable {
    // MARK: - Mutable State (guarded by `batcher`)

    private let batcher: Mutex<Batcher>
    private let wakeup = Wakeup()
    private let clock: Clock
    private let workers: WorkerPool
    private let telemetry: PipelineTelemetry
    private let finish: @Sendable ([FinishedText]) -> Void

    init(
        settings: ServingSettings, workers: WorkerPool, clock: Clock, telemetry: PipelineTelemetry,
        finish: @escaping @Sendable ([FinishedText]) -> Void
    ) {
        batcher = Mutex(Batcher(budget: settings.batchTokens, delay: settings.batchDelay))
        self.workers = workers
        self.clock = clock
        self.telemetry = telemetry
        self.finish = finish
    }

    /// Tokens of all that waits for a worker.
    var waitingTokens: Int { batcher.withLock { $0.tokens } }

    func update(_ settings: ServingSettings) {
        batcher.withLock { batcher in
            batcher.budget = settings.batchTokens
            batcher.delay = settings.batchDelay
        }
        wakeup.signal()
    }

    func add(_ texts: [PreparedText]) {
        guard !texts.isEmpty else { return }
        batcher.withLock { $0.add(texts) }
        wakeup.signal()
    }

    /// No more texts will come: the rest is due at once.
    func close() {
        batcher.withLock { $0.isClosed = true }
        wakeup.signal()
    }

    func remove(partitions: Set<SourcePartition>) -> [PreparedText] {
        batcher.withLock { $0.remove(partitions: partitions) }
    }

    /// Runs until its task is cancelled. Each send waits for a free worker, so a pipeline is one batch ahead at most
    /// and pipelines that share the workers take turns.
    func run(liveAdapters: LiveAdapters) async {
        while !Task.isCancelled {
            switch batcher.withLock({ $0.readiness(now: clock.now()) }) {
            case .empty: await wakeup.wait()
            case .ripens(let time): await wakeup.wait(atMost: time - clock.now(), clock: clock)
            case .due:
                await workers.offers.send(
                    BatchOffer(
                        take: { self.take() }, liveAdapters: liveAdapters,
                        finish: { finished, took in
                            self.telemetry.classified(took: took)
                            self.finish(finished)
                        }))
            }
        }
    }

    private func take() -> [PreparedWindow] {
        let (batch, budget) = batcher.withLock { ($0.take(now: clock.now()) ?? [], $0.budget) }
        guard let oldest = batch.map(\.text.receivedAt).min() else { return [] }
        let tokens = batch.reduce(0) { $0 + $1.tokens.count }
        telemetry.batchCut(tokens: tokens, budget: budget, waited: clock.now() - oldest)
        return batch
    }
}
