import Synchronization
import Threading

/// Inference on all cores for work that is not live: sequences by index, batched by tokens, results in order.
///
/// Each worker thread has its own pass and takes the next batch when it has finished one.
public struct ParallelInference: Sendable {
    let base: BERTBase
    let workers: Int
    let batchTokens: Int

    /// Inference over this base.
    ///
    /// - Parameters:
    ///   - workers: the number of threads.
    ///   - batchTokens: a batch is closed when it has at least this many tokens.
    public init(base: BERTBase, workers: Int, batchTokens: Int = 512) {
        self.base = base
        self.workers = max(1, workers)
        self.batchTokens = max(1, batchTokens)
    }

    /// The next sequence to take, and the results so far.
    private struct Progress {
        var next = 0
        var logits: [[[Float]]]
        var profiles: [StageProfile] = []
    }

    /// The logits of sequences 0 ..< count.
    ///
    /// - Parameters:
    ///   - adapters: all over this base.
    ///   - assignments: the indices of a sequence's adapters.
    ///   - sequence: makes a sequence's tokens. Called once per sequence, on the workers' threads.
    ///   - isCancelled: asked before each batch. The logits of what was not computed are empty.
    ///   - profile: if given, receives the time by stage, which adds up to the wall time of all workers.
    /// - Returns: `[sequence][k][label]`, where k counts the sequence's assignments.
    public func logits(
        count: Int, adapters: [Adapter], assignments: @Sendable (Int) -> [Int], sequence: @Sendable (Int) -> [Int32],
        isCancelled: @Sendable () -> Bool = { false }, profile: ((StageProfile) -> Void)? = nil
    ) -> [[[Float]]] {
        let progress = Mutex(Progress(logits: Array(repeating: [], count: count)))
        let isProfiled = profile != nil
        let threads = min(workers, max(count, 1))
        let start = ContinuousClock.now
        WorkerTeam.run(count: threads, name: "inference") { _ in
            let pass = InferencePass(base: base)
            if isProfiled { pass.profile = StageProfile() }
            defer { if let profile = pass.profile { progress.withLock { $0.profiles.append(profile) } } }
            var batch = PackedBatch()
            var indices: [Int] = []
            while !isCancelled() {
                batch.removeAll()
                indices.removeAll(keepingCapacity: true)
                // One by one, because the number of tokens closes the batch.
                while batch.tokenCount < batchTokens {
                    let index = progress.withLock { state in
                        defer { state.next += 1 }
                        return state.next
                    }
                    guard index < count else { break }
                    pass.lap(.waiting)
                    batch.append(sequence(index))
                    indices.append(index)
                    pass.lap(.tokenize)
                }
                if indices.isEmpty { return }
                let logits = pass.logits(batch, adapters: adapters, assignments: indices.map(assignments))
                progress.withLock { state in
                    for (index, row) in zip(indices, logits) { state.logits[index] = row }
                }
                pass.lap(.results)
            }
        }
        if let profile { profile(whole(progress.withLock { $0.profiles }, since: start, threads: threads)) }
        return progress.withLock { $0.logits }
    }

    /// The stages of all workers. The rest of the wall time, before a worker's start and after its last batch, was
    /// waiting.
    private func whole(_ profiles: [StageProfile], since start: ContinuousClock.Instant, threads: Int) -> StageProfile {
        var sum = profiles.reduce(StageProfile(), +)
        let wall = (ContinuousClock.now - start).inSeconds * Double(threads)
        sum.add(.waiting, seconds: max(wall - sum.total, 0))
        return sum
    }
}
