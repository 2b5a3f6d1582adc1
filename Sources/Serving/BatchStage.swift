import AdapterRegistry
import Synchronization

/// Stage 5: offers batches to the workers as they become due.
final class BatchStage: Sendable {
    // MARK: - Mutable State (guarded by `batcher`)

    private let batcher: Mutex<Batcher>
    private let wakeup = Wakeup()
    private let timepiece: Timepiece
    private let workers: WorkerPool
    private let board: LiveBoard
    private let finish: @Sendable ([FinishedText]) -> Void

    init(
        settings: LiveWaySettings, workers: WorkerPool, timepiece: Timepiece, board: LiveBoard,
        finish: @escaping @Sendable ([FinishedText]) -> Void
    ) {
        batcher = Mutex(Batcher(budget: settings.batchTokens, delay: settings.batchDelay))
        self.workers = workers
        self.timepiece = timepiece
        self.board = board
        self.finish = finish
    }

    var waiting: Int { batcher.withLock { $0.count } }

    func update(_ settings: LiveWaySettings) {
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

    /// Nothing more will come: what is there goes without waiting for its age.
    func close() {
        batcher.withLock { $0.isClosed = true }
        wakeup.signal()
    }

    func remove(partitions: Set<SourcePartition>) -> [PreparedText] {
        batcher.withLock { $0.remove(partitions: partitions) }
    }

    /// Runs until its task is cancelled. The send waits until a worker is free: one batch ahead, and pipelines that share
    /// the workers take turns.
    func run(liveAdapters: LiveAdapters) async {
        while !Task.isCancelled {
            switch batcher.withLock({ $0.readiness(now: timepiece.now()) }) {
            case .empty: await wakeup.wait()
            case .ripens(let time): await wakeup.wait(atMost: time - timepiece.now(), timepiece: timepiece)
            case .due:
                await workers.offers.send(
                    BatchOffer(
                        take: { self.take() }, liveAdapters: liveAdapters,
                        finish: { finished, took in
                            self.board.classified(took: took)
                            self.finish(finished)
                        }))
            }
        }
    }

    private func take() -> [PreparedText] {
        let (batch, budget) = batcher.withLock { ($0.take(now: timepiece.now()) ?? [], $0.budget) }
        guard let oldest = batch.first else { return [] }
        let tokens = batch.reduce(0) { $0 + $1.tokens.count }
        board.batchCut(tokens: tokens, budget: budget, waited: timepiece.now() - oldest.takenInAt)
        return batch
    }
}
