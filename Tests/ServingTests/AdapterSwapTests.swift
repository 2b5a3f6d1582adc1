import AdapterRegistry
import Foundation
import TestSupport
import Testing
import Threading

@testable import Serving

/// Adapters are swapped while batches run.
@Suite(.timeLimit(.minutes(5)))
struct AdapterSwapTests {
    /// 100 tasks, and 500 swaps at random moments between 400 batches of two workers. Another seed makes another run:
    /// `LORIKEET_TEST_SEED=N make test FILTER=AdapterSwapTests`.
    @Test func aBatchHasTheAdaptersOfOneMomentSinceItBegan() async throws {
        let seed = ProcessInfo.processInfo.environment["LORIKEET_TEST_SEED"].flatMap(UInt64.init) ?? 2026
        print("seed of the swaps: \(seed)")
        let plan = try SwapPlan(seed: seed, tasks: 100, swaps: 500, batches: 400)
        let run = try SwapRun(plan: plan, workers: 2)
        try await run.run()
        #expect(run.batches.count == 400)
        for (number, batch) in run.batches.enumerated() {
            #expect(batch.digests.count == SwapPlan.textsPerBatch * SwapPlan.tasksPerText)
            // A batch that begins after a swap has its adapter; one that is running keeps those it began with.
            let sets = plan.sets[batch.swapsBefore...batch.swapsAtEnd]
            let isOfOneMoment = sets.contains { set in batch.digests.allSatisfy { set[$0.task] == $0.digest } }
            #expect(isOfOneMoment, "batch \(number) of seed \(seed)")
        }
        #expect(Set(run.batches.map(\.swapsBefore)).count > 20, "the swaps did not come between the batches")
        #expect(run.live.snapshot.generation == 600)
        #expect(run.live.snapshot.adapters.mapValues(\.adapter.digest) == plan.sets[500])
        // Of 600 adapters, those that are live are left.
        #expect(run.adaptersInMemory == 100)
    }

    /// A swap takes effect while a worker is in the middle of a batch, which keeps the adapters that it began with.
    @Test func aSwapDoesNotWaitForABatch() async throws {
        let plan = try SwapPlan(seed: 1, tasks: 10, swaps: 10, batches: 1)
        let (gate, finished) = (Gate(), Watched<[FinishedText]>([]))
        let pool = WorkerPool(
            base: try TinyModel.shared.get().base, workers: 1, clock: Clock(now: { gate.pass() }, sleep: { _ in }))
        let live = LiveAdapters()
        for number in 0..<10 { live.swap(task: "task \(number)", to: try plan.adapter("task \(number)", number)) }
        let workers = Task { await pool.run() }
        await pool.offers.send(
            BatchOffer(
                take: { plan.batches[0].flatMap(\.waiting) }, liveAdapters: live,
                finish: { texts, _ in finished.update { $0 = texts } }))
        await gate.passes.wait { $0 == 2 }
        for swap in plan.swaps { live.swap(task: swap.task, to: try plan.adapter(swap.task, swap.number)) }
        #expect(live.snapshot.generation == 20 && finished.value.isEmpty)
        gate.open()
        await finished.wait { !$0.isEmpty }
        let digests = finished.value.flatMap(SwapRun.digests)
        #expect(digests.count == SwapPlan.textsPerBatch * SwapPlan.tasksPerText)
        #expect(digests.allSatisfy { plan.sets[0][$0.task] == $0.digest })
        workers.cancel()
        await workers.value
    }

    /// Time that stands still. The second look at it, with which the worker ends its batch, waits.
    private final class Gate: Sendable {
        let passes = Watched(0)
        private let opened = DispatchSemaphore(value: 0)

        func pass() -> Duration {
            let number = passes.update {
                $0 += 1
                return $0
            }
            if number == 2 { opened.wait() }
            return .zero
        }

        func open() { opened.signal() }
    }
}
