import AsyncAlgorithms
import BERT
import Synchronization
import Threading

/// The workers of all pipelines over one base: each a thread of its own with its own forward pass.
///
/// Pipelines offer batches on one channel whose send waits for a free worker, in the order of asking; so exactly one batch
/// a pipeline is ahead, and pipelines take turns however much each has waiting.
public final class WorkerPool: Sendable {
    public let base: BERTBase
    let offers = AsyncChannel<BatchOffer>()
    private let pulses: [Pulse]
    private let clock: Clock

    /// - Parameter workers: at least one; as many as cores is best.
    public init(base: BERTBase, workers: Int, clock: Clock = .system) {
        self.base = base
        self.clock = clock
        pulses = (0..<max(1, workers)).map { _ in Pulse() }
    }

    public var workers: Int { pulses.count }

    /// Works until the task is cancelled; each worker finishes the batch it has.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for (index, pulse) in pulses.enumerated() {
                let worker = Worker(index: index, base: base, pulse: pulse, clock: clock)
                group.addTask { await worker.run(self.offers) }
            }
        }
    }

    /// What each worker is doing now. A worker that is busy far longer than a batch can take is wedged.
    public var heartbeats: [WorkerHeartbeat] {
        let now = clock.now()
        return pulses.enumerated().map { $1.heartbeat(worker: $0, now: now) }
    }
}

/// When a worker last did something; written by the worker, read by the watchdog.
private final class Pulse: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var busySince: Duration?
        var lastProgress: Duration?
        var batches = 0
    }

    private let state = Mutex(State())

    func begin(at now: Duration) {
        state.withLock { state in
            state.busySince = now
            state.lastProgress = now
        }
    }

    func end(at now: Duration) {
        state.withLock { state in
            state.busySince = nil
            state.lastProgress = now
            state.batches += 1
        }
    }

    func heartbeat(worker: Int, now: Duration) -> WorkerHeartbeat {
        state.withLock { state in
            WorkerHeartbeat(
                worker: worker, busyFor: state.busySince.map { now - $0 },
                sinceProgress: state.lastProgress.map { now - $0 },
                batches: state.batches)
        }
    }
}

/// One worker: an actor on its own thread, because a batch keeps a core busy for tens of milliseconds.
private actor Worker {
    private let thread: DedicatedThread
    private let classifier: Classifier
    private let pulse: Pulse
    private let clock: Clock

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(index: Int, base: BERTBase, pulse: Pulse, clock: Clock) {
        thread = DedicatedThread(name: "worker-\(index)")
        classifier = Classifier(base: base)
        self.pulse = pulse
        self.clock = clock
    }

    func run(_ offers: AsyncChannel<BatchOffer>) async {
        for await offer in offers {
            let texts = offer.take()
            guard !texts.isEmpty else { continue }
            let start = clock.now()
            pulse.begin(at: start)
            let finished = classifier.outcomes(of: texts, snapshot: offer.liveAdapters.snapshot)
            CrashPoint.inClassification.pass()
            let end = clock.now()
            pulse.end(at: end)
            offer.finish(finished, end - start)
        }
    }
}
