import AdapterRegistry
import BERT
import FoundationEssentials
import JSON
import Kernels
import Threading
import WordPiece

/// `lorikeet benchmark swaps`: swaps adapters at random moments while all workers classify.
///
/// As in the daemon, a worker takes a snapshot of the live adapters per batch, and each adapter is made right before
/// its swap. The times are those that a swap and a batch wait for one another. Every adapter is swapped once before
/// anything counts: memory that only the first swaps need is no growth.
public struct SwapBenchmark: Sendable {
    private let base: BERTBase
    private let texts: [[Int32]]
    private let adapters: Int
    private let swaps: Int
    private let workers: Int
    private let batchTokens: Int
    private let seed: UInt64
    /// Batches between two swaps, on average.
    private static let pace = 2
    /// Batches before the first swap, in which the passes get their memory.
    private static let warmUp = 20

    /// - Parameters:
    ///   - texts: classified again and again.
    ///   - adapters: how many are live, one per task.
    ///   - batchTokens: the token budget of a batch.
    ///   - seed: of the moments and of the adapters' weights.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, texts: [String], maxTokens: Int, adapters: Int, swaps: Int,
        workers: Int, batchTokens: Int, seed: UInt64
    ) {
        self.base = base
        self.texts = texts.map { tokenizer.encode($0, maxTokens: maxTokens) }
        (self.adapters, self.swaps, self.workers) = (adapters, swaps, workers)
        (self.batchTokens, self.seed) = (batchTokens, seed)
    }

    /// What all threads have measured, in seconds.
    private struct Progress {
        /// When each worker's batches began.
        var begun: [[Double]]
        var batches: [Double] = []
        var snapshots: [Double] = []
        var swaps: [Double] = []
        /// When each swap had ended.
        var swapped: [Double] = []
        var isOver = false
        var memory: (before: Int, after: Int) = (0, 0)
        var failure: (any Error)?

        var begunBatches: Int { begun.reduce(0) { $0 + $1.count } }
    }

    /// Runs all swaps.
    ///
    /// - Returns: the figures as one JSON object.
    public func run() throws -> JSONValue {
        guard !texts.isEmpty else { throw LabError("there are no texts to classify") }
        FreedMemory.returnEarly()
        let live = LiveAdapters()
        for number in 0..<adapters { live.swap(task: task(number), to: try adapter(task(number), version: number)) }
        let progress = Monitor(Progress(begun: Array(repeating: [], count: workers)))
        let start = ContinuousClock.now
        WorkerTeam.run(count: workers + 1, name: "swaps") { thread in
            if thread < workers {
                classify(worker: thread, live, progress, start)
            } else {
                swapAll(live, progress, start)
            }
        }
        let ended = progress.withLock { progress in
            let copy = progress
            return copy
        }
        if let failure = ended.failure { throw failure }
        return figures(ended)
    }

    private func task(_ number: Int) -> String { "task \(number)" }

    private func adapter(_ task: String, version number: Int) throws -> LiveAdapter {
        let adapter = try RandomAdapter.make(over: base, seed: seed &* 100_003 &+ UInt64(number))
        let version = AdapterVersion(
            task: task, version: number, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
            createdAt: Date(timeIntervalSince1970: 0))
        return LiveAdapter(adapter: adapter, version: version)
    }

    // MARK: - Threads

    private func classify(
        worker: Int, _ live: LiveAdapters, _ progress: Monitor<Progress>, _ start: ContinuousClock.Instant
    ) {
        let pass = InferencePass(base: base)
        reserve(pass, live)
        var random = SplitMix64(seed: seed, stream: UInt64(worker) + 1)
        var batch = PackedBatch()
        while !progress.withLock({ $0.isOver }) {
            batch.removeAll()
            var tasks: [Int] = []
            while batch.tokenCount < batchTokens {
                batch.append(texts[random.below(texts.count)])
                tasks.append(random.below(adapters))
            }
            let begun = start.duration(to: .now)
            let snapshot = live.snapshot
            let taken = start.duration(to: .now)
            progress.update { $0.begun[worker].append(begun.inSeconds) }
            let adapters = tasks.compactMap { snapshot.adapters[task($0)]?.adapter }
            _ = pass.logits(batch, adapters: adapters, assignments: adapters.indices.map { [$0] })
            let ended = start.duration(to: .now)
            progress.update { progress in
                progress.snapshots.append((taken - begun).inSeconds)
                progress.batches.append((ended - begun).inSeconds)
            }
        }
    }

    /// Gives a pass the memory of the largest batch, which may come late: that is no growth either.
    private func reserve(_ pass: InferencePass, _ live: LiveAdapters) {
        guard let longest = texts.max(by: { $0.count < $1.count }), !longest.isEmpty,
            let adapter = live.snapshot.adapters[task(0)]?.adapter
        else { return }
        var batch = PackedBatch()
        while batch.tokenCount < batchTokens + longest.count { batch.append(longest) }
        let assignments = Array(repeating: [0], count: batch.sequenceCount)
        _ = pass.logits(batch, adapters: [adapter], assignments: assignments)
    }

    private func swapAll(_ live: LiveAdapters, _ progress: Monitor<Progress>, _ start: ContinuousClock.Instant) {
        var random = SplitMix64(seed: seed)
        var due = Self.warmUp
        func untilDue() { progress.wait { $0.begunBatches >= due ? () : nil } }
        do {
            untilDue()
            for number in 0..<adapters {
                live.swap(task: task(number), to: try adapter(task(number), version: adapters + number))
            }
            due = max(due, progress.withLock { $0.begunBatches }) + Self.warmUp
            untilDue()
            progress.withLock { $0.memory.before = ProcessMemory.own.residentMegabytes ?? 0 }
            for number in 0..<swaps {
                due += random.below(2 * Self.pace + 1)
                untilDue()
                let task = task(random.below(adapters))
                let adapter = try adapter(task, version: 2 * adapters + number)
                let begun = ContinuousClock.now
                live.swap(task: task, to: adapter)
                let took = (ContinuousClock.now - begun).inSeconds
                let at = start.duration(to: .now).inSeconds
                progress.withLock { progress in
                    progress.swaps.append(took)
                    progress.swapped.append(at)
                }
            }
        } catch {
            progress.withLock { $0.failure = error }
        }
        // Every worker begins another batch, so that the last swap is in use too.
        due = max(due, progress.withLock { $0.begunBatches }) + 4 * workers
        untilDue()
        progress.update { progress in
            progress.memory.after = ProcessMemory.own.residentMegabytes ?? 0
            progress.isOver = true
        }
    }

    // MARK: - Figures

    private func figures(_ progress: Progress) -> JSONValue {
        let batch = (median: Measurements(progress.batches).median, longest: progress.batches.max() ?? 0)
        let use = progress.swapped.map { at in
            progress.begun.compactMap { begun in begun.first { $0 >= at } }.max().map { $0 - at } ?? 0
        }
        let longestUse = use.max() ?? 0
        func milliseconds(_ seconds: Double) -> JSONValue { .rounded(1000 * seconds, 3) }
        return .object([
            ("name", .string("swaps")), ("adapters", .integer(adapters)), ("swaps", .integer(progress.swaps.count)),
            ("batches", .integer(progress.batches.count)), ("workers", .integer(workers)),
            ("batch_ms", milliseconds(batch.median)), ("longest_batch_ms", milliseconds(batch.longest)),
            ("longest_wait_for_snapshot_ms", milliseconds(progress.snapshots.max() ?? 0)),
            ("longest_swap_ms", milliseconds(progress.swaps.max() ?? 0)),
            ("longest_until_all_use_it_ms", milliseconds(longestUse)),
            ("longest_until_all_use_it_in_batches", .rounded(longestUse / max(batch.longest, 1e-9), 2)),
            ("resident_mb_before", .integer(progress.memory.before)),
            ("resident_mb_after", .integer(progress.memory.after)),
        ])
    }
}
