import AdapterRegistry
import AsyncAlgorithms
import BERT
import Synchronization
import Threading

/// Stage 6: the workers of all pipelines over one base, each a thread with its own forward pass. A batch runs over the
/// base of its adapters: the same one in another precision if they were put over that since the last batch.
///
/// Pipelines offer batches on one channel. A send waits for a free worker, first come first served: each pipeline is
/// exactly one batch ahead, and pipelines take turns however many texts each has.
public final class WorkerPool: Sendable {
    /// Of the frozen encoder, whatever its precision.
    let configuration: BERTConfiguration
    let offers = AsyncChannel<BatchOffer>()
    private let pulses: [Pulse]
    private let clock: Clock

    /// - Parameters:
    ///   - base: the frozen encoder, in any precision.
    ///   - workers: at least 1; one per core is best.
    ///   - clock: for the heartbeats and the time per batch.
    public init(base: BERTBase, workers: Int, clock: Clock = .system) {
        configuration = base.configuration
        self.clock = clock
        pulses = (0..<max(1, workers)).map { _ in Pulse() }
    }

    /// Number of workers.
    public var workers: Int { pulses.count }

    /// Runs until the task is cancelled. Each worker finishes its batch.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for (index, pulse) in pulses.enumerated() {
                let worker = Worker(index: index, configuration: configuration, pulse: pulse, clock: clock)
                group.addTask { await worker.run(self.offers) }
            }
        }
    }

    /// What each worker is doing now. A worker that is busy far longer than a batch can take is stuck.
    public var heartbeats: [WorkerHeartbeat] {
        let now = clock.now()
        return pulses.enumerated().map { $1.heartbeat(worker: $0, now: now) }
    }
}

/// A pipeline's offer of a batch that is due. The batch is cut when a worker takes it.
struct BatchOffer: Sendable {
    /// Cuts the batch; empty if another worker took its sequences or a rebalance removed them.
    let take: @Sendable () -> [PreparedWindow]
    let liveAdapters: LiveAdapters
    /// Receives the outcome of every text that has finished, and the time that the batch took.
    let finish: @Sendable ([FinishedText], Duration) -> Void
}

extension WorkerPool {
    /// Since when a worker has had its batch; written by the worker, read by the watchdog.
    private final class Pulse: Sendable {
        // MARK: - Mutable State (guarded by `state`)

        private struct State {
            /// Nil between two batches.
            var busySince: Duration?
            var batches = 0
        }

        private let state = Mutex(State())

        func begin(at now: Duration) { state.withLock { $0.busySince = now } }

        func end() {
            state.withLock { state in
                state.busySince = nil
                state.batches += 1
            }
        }

        func heartbeat(worker: Int, now: Duration) -> WorkerHeartbeat {
            state.withLock { state in
                WorkerHeartbeat(
                    worker: worker, busyFor: state.busySince.map { now - $0 }, batches: state.batches)
            }
        }
    }
}

extension WorkerPool {
    /// One worker: an actor on its own thread, because a batch keeps a core busy for tens of milliseconds.
    private actor Worker {
        private let thread: DedicatedThread
        private let classifier: Classifier
        private let pulse: Pulse
        private let clock: Clock

        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        init(index: Int, configuration: BERTConfiguration, pulse: Pulse, clock: Clock) {
            thread = DedicatedThread(name: "worker-\(index)")
            classifier = Classifier(configuration: configuration)
            self.pulse = pulse
            self.clock = clock
        }

        func run(_ offers: AsyncChannel<BatchOffer>) async {
            for await offer in offers {
                let windows = offer.take()
                guard !windows.isEmpty else { continue }
                let start = clock.now()
                pulse.begin(at: start)
                let finished = classifier.outcomes(of: windows, snapshot: offer.liveAdapters.snapshot)
                CrashPoint.inClassification.pass()
                let end = clock.now()
                pulse.end()
                offer.finish(finished, end - start)
            }
        }
    }
}
