import TestSupport
import Testing

@testable import Training

struct LearningRateScheduleTests {
    @Test func risesAndFallsInStraightLines() {
        let schedule = LearningRateSchedule(peak: 1, warmup: 0.2, steps: 10)
        #expect((0...10).map(schedule.rate) == [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0])
    }

    @Test func startsAtThePeakWithoutWarmup() {
        let schedule = LearningRateSchedule(peak: 0.5, warmup: 0, steps: 4)
        #expect((0..<4).map(schedule.rate) == [0.5, 0.375, 0.25, 0.125])
        // Too few steps for a share of them.
        #expect(LearningRateSchedule(peak: 1, warmup: 0.06, steps: 3).rate(at: 0) == 1)
        #expect(LearningRateSchedule(peak: 1, warmup: 1, steps: 2).rate(at: 1) == 0.5)
        // As Python's int(0.06 * steps).
        for (steps, expected) in [(49, 2), (50, 3), (100, 6), (150, 9), (1_700, 102), (100_000, 6_000)] {
            #expect(LearningRateSchedule(peak: 1, warmup: 0.06, steps: steps).warmupSteps == expected)
        }
    }

    @Test func aCosineFallsToZeroAndAConstantStays() {
        let cosine = LearningRateSchedule(peak: 2, shape: .cosine, warmup: 0.2, steps: 10)
        #expect(cosine.rate(at: 1) == 1)
        #expect(cosine.rate(at: 2) == 2)
        // A quarter, half and three quarters of the way down.
        for (step, expected) in [(4, 1 + 0.5.squareRoot()), (6, 1), (8, 1 - 0.5.squareRoot())] {
            #expect(abs(Double(cosine.rate(at: step)) - expected) < 1e-6)
        }
        #expect(cosine.rate(at: 10) == 0)
        let constant = LearningRateSchedule(peak: 2, shape: .constant, warmup: 0.2, steps: 10)
        #expect([0, 1, 2, 9].map(constant.rate) == [0, 1, 2, 2])
    }
}

struct BatchPlanTests {
    @Test func everyRowIsInOneShareOfOneBatch() {
        var random = TestRandom(seed: 2)
        for _ in 0..<50 {
            let lengths = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                Int.random(in: 1...256, using: &random)
            }
            let size = Int.random(in: 1...20, using: &random)
            let workers = Int.random(in: 1...4, using: &random)
            let plan = BatchPlan(lengths: lengths, batchSize: size, workers: workers, seed: 7, epoch: 1)
            #expect(plan.batches.count == (lengths.count + size - 1) / size)
            #expect(plan.batches.allSatisfy { $0.count == workers })
            #expect(plan.batches.flatMap { $0.flatMap { $0 } }.sorted() == Array(lengths.indices))
            #expect(plan.batches.dropLast().allSatisfy { $0.reduce(0) { $0 + $1.count } == size })
        }
    }

    @Test func sharesHaveAboutEquallyManyTokens() {
        let lengths = [100, 10, 20, 30, 40, 50, 60, 90]
        let shares = BatchPlan.shares(Array(lengths.indices), lengths: lengths, workers: 2)
        #expect(shares.map { $0.reduce(0) { $0 + lengths[$1] } } == [200, 200])
    }

    @Test func orderDependsOnSeedAndEpochAlone() {
        #expect(BatchPlan.order(count: 100, seed: 1, epoch: 1) == BatchPlan.order(count: 100, seed: 1, epoch: 1))
        #expect(BatchPlan.order(count: 100, seed: 1, epoch: 1) != BatchPlan.order(count: 100, seed: 1, epoch: 2))
        #expect(BatchPlan.order(count: 100, seed: 1, epoch: 1) != BatchPlan.order(count: 100, seed: 2, epoch: 1))
        #expect(BatchPlan.order(count: 100, seed: 1, epoch: 1) != Array(0..<100))
    }
}
