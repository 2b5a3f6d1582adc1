import BERT
import TestSupport
import Testing

@testable import Training

@Suite struct SelectionStrategyTests {
    /// Texts with two labels and the given probability of the first.
    private func pool(_ first: [Float], _ features: [Float], urgent: Set<Int> = []) -> CandidatePool {
        CandidatePool(
            probabilities: FeatureMatrix(columns: 2, values: first.flatMap { [$0, 1 - $0] }),
            features: FeatureMatrix(columns: features.count / max(first.count, 1), values: features),
            isMultiLabel: false, isUrgent: first.indices.map(urgent.contains))
    }

    @Test func marginsAreTheDistanceOfTheTwoBest() {
        let single = CandidatePool(
            probabilities: FeatureMatrix(columns: 3, values: [0.5, 0.3, 0.2, 0, 0, 1]),
            features: FeatureMatrix(columns: 1, values: [0, 0]), isMultiLabel: false)
        #expect(abs(single.margin(0) - 0.2) < 1e-6)
        #expect(single.margin(1) == 1)
        let sets = CandidatePool(
            probabilities: FeatureMatrix(columns: 3, values: [0.9, 0.6, 0.1]),
            features: FeatureMatrix(columns: 1, values: [0]), isMultiLabel: true)
        #expect(abs(sets.margin(0) - 0.2) < 1e-6)
    }

    @Test func theLeastCertainTextsComeFirstAfterUrgentOnes() {
        let pool = pool([0.9, 0.55, 0.99, 0.5], [0, 0, 0, 0], urgent: [2])
        #expect(SelectionStrategy.margin.select(3, from: pool, seed: 1) == [2, 3, 1])
    }

    @Test(arguments: SelectionStrategy.allCases) func eachTextIsChosenOnceAndTheSeedDecides(
        strategy: SelectionStrategy
    ) {
        let blobs = Blobs(300, shares: [1, 1, 1], distance: 1, seed: 8)
        let head = LinearHead(features: blobs.features, targets: blobs.targets, labels: 3)
        let pool = CandidatePool(
            probabilities: head.probabilities(blobs.features), features: blobs.features, isMultiLabel: false)
        let chosen = strategy.select(20, from: pool, seed: 5)
        #expect(chosen.count == 20 && Set(chosen).count == 20)
        #expect(chosen.allSatisfy { (0..<300).contains($0) })
        #expect(strategy.select(20, from: pool, seed: 5) == chosen)
        #expect(Set(strategy.select(1000, from: pool, seed: 5)) == Set(0..<300))
        #expect(strategy.select(0, from: pool, seed: 5).isEmpty)
    }

    @Test(arguments: SelectionStrategy.allCases) func equalTextsAndEmptyPoolsAreNoProblem(
        strategy: SelectionStrategy
    ) {
        let equal = pool(Array(repeating: 0.5, count: 40), Array(repeating: 1, count: 80))
        #expect(Set(strategy.select(7, from: equal, seed: 1)).count == 7)
        #expect(strategy.select(7, from: pool([], []), seed: 1).isEmpty)
    }

    /// The least certain texts are alike; the queue also takes the other kinds, which are a little more certain.
    @Test func theQueueIsSpreadOverKinds() {
        var (first, features): ([Float], [Float]) = ([], [])
        for text in 0..<15 {
            let (kind, place) = (text / 5, Float(text % 5))
            first.append(0.5 + 0.1 * Float(kind) + 0.001 * place)
            features += [kind == 1 ? 100 + 0.01 * place : 0.01 * place, kind == 2 ? 100 : 0]
        }
        let pool = pool(first, features)
        #expect(Set(SelectionStrategy.margin.select(3, from: pool, seed: 1)) == [0, 1, 2])
        let queue = SelectionStrategy.queue.select(3, from: pool, seed: 1)
        #expect(queue.first == 0 && Set(queue.map { $0 / 5 }) == [0, 1, 2], "\(queue)")
        #expect(SelectionStrategy.queue.select(3, from: pool, seed: 2) == queue, "no seed matters")
        let badge = SelectionStrategy.badge.select(3, from: pool, seed: 1)
        #expect(Set(badge.map { $0 / 5 }).count >= 2)
    }

    /// A text that is unlike all others is not worth a label if the model is certain of it, nor is one that is beyond
    /// the candidates.
    @Test func theQueueTakesNoTextThatIsCertain() {
        let outlier = pool([0.5, 0.52, 1], [0, 1, 100])
        #expect(SelectionStrategy.queue.select(2, from: outlier, seed: 1) == [0, 1])
        let last = 2 * SelectionStrategy.poolFactor
        let far = pool((0...last).map { 0.5 + 0.01 * Float($0) }, (0...last).map { $0 == last ? 1000 : Float($0) })
        #expect(SelectionStrategy.queue.select(2, from: far, seed: 1) == [0, last - 1])
    }

    @Test func anUrgentTextComesFirstInTheQueue() {
        // Text 2 is urgent as well, but much like text 3.
        let pool = pool([0.5, 0.55, 0.99, 0.98, 0.6], [0, 5, 10, 11, 20], urgent: [2, 3])
        #expect(SelectionStrategy.queue.select(4, from: pool, seed: 1) == [3, 0, 4, 1])
    }

    @Test func theFarthestComesFirstAndEqualOnesLast() {
        let line = FeatureMatrix(columns: 1, values: [0, 0, 1, 10, 4])
        #expect(FarthestFirst(line, weights: [1, 1, 1, 1, 1]).select(5) == [0, 3, 4, 2, 1])
        // 10² × 0.1 is less than 4² × 1.
        #expect(FarthestFirst(line, weights: [1, 1, 1, 0.1, 1]).select(2) == [0, 4])
        #expect(FarthestFirst(line, weights: [1, 0, 0, 0, 0]).select(9).count == 5)
        #expect(FarthestFirst(line, weights: [1, 1, 1, 1, 1]).select(0).isEmpty)
        #expect(FarthestFirst(FeatureMatrix(columns: 1, values: []), weights: []).select(3).isEmpty)
    }

    @Test func badgeBeginsWithTheLargestGradient() {
        // (p − y) ⊗ x: text 1 is as uncertain as text 0 and twice as long.
        #expect(SelectionStrategy.badge.select(1, from: pool([0.5, 0.5, 0.9], [1, 2, 2]), seed: 3) == [1])
    }
}
