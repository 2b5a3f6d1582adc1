import BERT
import TestSupport
import Testing

@testable import Training

@Suite struct LabellingSimulationTests {
    private typealias Point = LabellingSimulation.Point

    /// Known truth: eight labels of which four are rare. Random order wastes rows on the frequent ones.
    @Test func theQueueNeedsFewerRowsThanRandomOrder() {
        let shares = [20, 20, 20, 20, 1, 1, 1, 1]
        let pool = Blobs(2000, shares: shares, distance: 4, seed: 1)
        let test = Blobs(800, shares: Array(repeating: 1, count: 8), distance: 4, seed: 2)
        let simulation = LabellingSimulation(
            features: pool.features, testTargets: test.labels,
            settings: LabellingSimulation.Settings(batch: 20, rows: 300))
        func curve(_ strategy: SelectionStrategy) -> LearningCurve {
            LearningCurve(
                mean: (0..<3 as Range<UInt64>).map { seed in
                    simulation.curve(strategy, seed: seed) { labelled, unlabelled in
                        let head = LinearHead(
                            features: pool.features.selecting(labelled),
                            targets: .classes(labelled.map { pool.labels[$0] }), labels: 8)
                        return LabellingSimulation.Round(
                            test: head.probabilities(test.features),
                            unlabelled: head.probabilities(pool.features.selecting(unlabelled)))
                    }
                })
        }
        let (random, queue) = (curve(.random), curve(.queue))
        #expect(random.points.map(\.rows) == Array(stride(from: 20, through: 300, by: 20)))
        #expect(queue.points.first == random.points.first, "the same rows begin")
        let goal = random.accuracy(atMost: 300) ?? 1
        let ratio = (queue.rows(for: goal) ?? .infinity) / (random.rows(for: goal) ?? 1)
        #expect(ratio < 0.8, "seeds 0, 1, 2: \(ratio) of the rows for \(goal)")
    }

    @Test func allRowsAreLabelledIfTheLimitAllows() {
        let features = FeatureMatrix(columns: 1, values: [1, 2, 3, 4, 5])
        let simulation = LabellingSimulation(
            features: features, testTargets: [0], settings: LabellingSimulation.Settings(batch: 2, rows: 99))
        let points = simulation.curve(.margin, seed: 1) { labelled, unlabelled in
            #expect(Set(labelled + unlabelled) == [0, 1, 2, 3, 4] && labelled.count + unlabelled.count == 5)
            return LabellingSimulation.Round(
                test: FeatureMatrix(columns: 2, values: [0.9, 0.1]),
                unlabelled: FeatureMatrix(columns: 2, values: unlabelled.flatMap { _ in [0.5, 0.5] }))
        }
        #expect(points == [Point(rows: 2, accuracy: 1), Point(rows: 4, accuracy: 1), Point(rows: 5, accuracy: 1)])
    }

    @Test func rowsLieBetweenTwoPoints() {
        let curve = LearningCurve(mean: [
            [Point(rows: 10, accuracy: 0.4), Point(rows: 20, accuracy: 0.6)],
            [Point(rows: 10, accuracy: 0.6), Point(rows: 20, accuracy: 0.8)],
        ])
        #expect(curve.points.map(\.rows) == [10, 20])
        #expect(abs((curve.rows(for: 0.6) ?? 0) - 15) < 1e-9)
        #expect(curve.rows(for: 0.3) == 10)
        #expect(curve.rows(for: 0.9) == nil)
        #expect(abs((curve.accuracy(atMost: 19) ?? 0) - 0.5) < 1e-9)
        #expect(curve.accuracy(atMost: 9) == nil)
        #expect(LearningCurve(mean: []).points.isEmpty)
    }

    // MARK: - Shares of labels

    /// No share changes: in 200 trials with 20 labels, alarms are as rare as promised.
    @Test func sharesThatDoNotChangeRaiseNoAlarm() {
        var random = TestRandom(seed: 11)
        var alarms = 0
        for _ in 0..<200 {
            var counts = [(Int, Int)](repeating: (0, 0), count: 20)
            for _ in 0..<400 {
                // Frequent and rare labels.
                let label = min(Int.random(in: 0..<20, using: &random), Int.random(in: 0..<20, using: &random))
                if Bool.random(using: &random) { counts[label].0 += 1 } else { counts[label].1 += 1 }
            }
            let shifted = LabelShift.labels(
                counts.enumerated().map { LabelShift.Count(label: "\($0)", before: $1.0, now: $1.1) })
            alarms += shifted.isEmpty ? 0 : 1
        }
        #expect(alarms <= 8, "seed 11: \(alarms)")
    }

    @Test func aShareThatDoublesIsNamed() {
        let counts = [("a", 500, 400), ("b", 400, 400), ("c", 100, 200)]
        #expect(
            LabelShift.labels(counts.map { LabelShift.Count(label: $0.0, before: $0.1, now: $0.2) }) == ["c"])
        #expect(LabelShift.labels([LabelShift.Count(label: "a", before: 0, now: 10)]).isEmpty)
        #expect(LabelShift.labels([]).isEmpty)
    }
}
