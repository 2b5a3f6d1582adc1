import AdapterRegistry
import BERT
import TestSupport

@testable import Serving

/// Runs batches and swaps beside one another.
///
/// A swap that is due may be late by some batches and no more: otherwise all batches could be over before the first.
final class SwapRun: Sendable {
    struct Batch: Sendable {
        /// Swaps that had ended before the batch began.
        var swapsBefore = 0
        /// Swaps that had begun when it ended.
        var swapsAtEnd = 0
        var digests: [(task: String, digest: String)] = []
    }

    let live = LiveAdapters()
    let plan: SwapPlan
    private let pool: WorkerPool
    /// Every adapter that was live.
    private let adapters = Watched<[Weak]>([])

    private struct Weak: Sendable { weak let adapter: Adapter? }

    private struct Progress: Sendable {
        var batches: [Batch] = []
        var endedBatches = 0
        var begunSwaps = 0
        var endedSwaps = 0
    }

    private let progress = Watched(Progress())

    /// Batches that may begin while a swap is due.
    private static let lead = 8

    init(plan: SwapPlan, workers: Int) throws {
        self.plan = plan
        pool = WorkerPool(base: try TinyModel.shared.get().base, workers: workers)
    }

    /// Runs all batches and all swaps.
    func run() async throws {
        for task in plan.sets[0].keys { try swap(task, Int(task.dropFirst("task ".count)) ?? 0) }
        let workers = Task { await pool.run() }
        let swapping = Task {
            for swap in plan.swaps {
                await progress.wait { $0.batches.count > swap.moment }
                progress.update { $0.begunSwaps += 1 }
                try self.swap(swap.task, swap.number)
                progress.update { $0.endedSwaps += 1 }
            }
        }
        for (number, texts) in plan.batches.enumerated() {
            let due = plan.swaps.count { $0.moment < number - Self.lead }
            await progress.wait { $0.endedSwaps >= due }
            await pool.offers.send(offer(texts))
        }
        try await swapping.value
        await progress.wait { [plan] in $0.endedBatches == plan.batches.count }
        workers.cancel()
        await workers.value
    }

    var batches: [Batch] { progress.value.batches }

    /// Adapters that are still in memory.
    var adaptersInMemory: Int { adapters.value.count { $0.adapter != nil } }

    static func digests(of finished: FinishedText) -> [(task: String, digest: String)] {
        guard case .labelled(let message) = finished.outcome else { return [] }
        return message.labels.map { ($0.task, $0.adapterDigest) }
    }

    private func swap(_ task: String, _ number: Int) throws {
        let adapter = try plan.adapter(task, number)
        let weak = Weak(adapter: adapter.adapter)
        adapters.update { $0.append(weak) }
        live.swap(task: task, to: adapter)
    }

    private func offer(_ texts: [PreparedText]) -> BatchOffer {
        let place = Watched(0)
        return BatchOffer(
            take: { [progress] in
                let number = progress.update { progress in
                    progress.batches.append(Batch(swapsBefore: progress.endedSwaps))
                    return progress.batches.count - 1
                }
                place.update { $0 = number }
                return texts.flatMap(\.waiting)
            }, liveAdapters: live,
            finish: { [progress] finished, _ in
                let (number, digests) = (place.value, finished.flatMap(Self.digests))
                progress.update { progress in
                    progress.batches[number].swapsAtEnd = progress.begunSwaps
                    progress.batches[number].digests = digests
                    progress.endedBatches += 1
                }
            })
    }
}
