import TestSupport
import Testing

@testable import Drift

/// Vectors of labels whose texts lie around their own axis, each label with its own width.
private struct SimulatedVectors {
    private static let hidden = 16
    let labels = 8
    private var random: TestRandom
    private var axes: [[Float]] = []

    init(seed: UInt64) {
        random = TestRandom(seed: seed)
        for _ in 0..<labels { axes.append(direction()) }
    }

    /// A direction like any other: unlike all labels.
    mutating func direction() -> [Float] { (0..<Self.hidden).map { _ in normal() } }

    mutating func text(label: Int) -> [Float] {
        let width = 0.1 + 0.03 * Float(label)
        return axes[label].map { $0 + width * normal() }
    }

    mutating func text() -> [Float] { text(label: Int.random(in: 0..<labels, using: &random)) }

    /// Nearly normal: the sum of twelve uniform numbers.
    private mutating func normal() -> Float {
        (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
    }

    mutating func centres() -> ReferenceCentres {
        var sums = ReferenceCentres.Sums(labels: labels, hidden: Self.hidden)
        for index in 0..<labels * 30 {
            text(label: index % labels).withUnsafeBufferPointer { sums.add($0, label: index % labels) }
        }
        return sums.centres
    }
}

struct DistanceSpreadTests {
    /// The shares of texts like those of the reference, and of unlike ones, beyond the threshold; over many references.
    private func sharesBeyond(_ share: Double, heldOut: Int, seeds: ClosedRange<UInt64>) throws -> (
        falseAlarms: Double, caught: Double
    ) {
        var (falseAlarms, caught, texts) = (0, 0, 0)
        for seed in seeds {
            var vectors = SimulatedVectors(seed: seed)
            let centres = vectors.centres()
            let nearest = (0..<heldOut).compactMap { _ in vectors.text().withUnsafeBufferPointer(centres.nearest) }
            let spread = try #require(DistanceSpread(nearest, labels: vectors.labels))
            let threshold = try #require(spread.distance(exceededBy: share))
            func isBeyond(_ vector: [Float]) throws -> Bool {
                let nearest = try #require(vector.withUnsafeBufferPointer(centres.nearest))
                return try #require(spread.relativeDistance(nearest)) > threshold
            }
            for _ in 0..<300 {
                if try isBeyond(vectors.text()) { falseAlarms += 1 }
                if try isBeyond(vectors.direction()) { caught += 1 }
                texts += 1
            }
        }
        return (Double(falseAlarms) / Double(texts), Double(caught) / Double(texts))
    }

    @Test(arguments: [(heldOut: 250, share: 0.05), (1_000, 0.01)])
    func falseAlarmsAreAsRareAsPromisedAndUnlikeTextsAreCaught(heldOut: Int, share: Double) throws {
        let shares = try sharesBeyond(share, heldOut: heldOut, seeds: 1...12)
        // 3,600 texts and 12 references: both contribute to the error.
        let error = (share * (1 - share) * (1 / 3_600 + 1 / Double(12 * heldOut))).squareRoot()
        #expect(shares.falseAlarms <= share + 4 * error, "seeds 1 to 12: \(shares)")
        #expect(shares.falseAlarms >= share / 3, "a promise kept by never alarming; seeds 1 to 12: \(shares)")
        #expect(shares.caught > 0.99, "seeds 1 to 12: \(shares)")
    }

    @Test func theThresholdIsTheConformalQuantile() throws {
        // One label, so that each distance is divided by nearly the same scale.
        let texts = (1...99).map { ReferenceCentres.Nearest(label: 0, distance: 1 + Float($0) / 1_000_000) }
        let spread = try #require(DistanceSpread(texts, labels: 1))
        let shares = [0.01, 0.02, 0.1, 0.5].map { spread.distance(exceededBy: $0) }
        for (share, threshold) in zip([0.01, 0.02, 0.1, 0.5], shares) {
            let beyond = try texts.count { try #require(spread.relativeDistance($0)) > #require(threshold) + 1e-7 }
            #expect(Double(beyond) <= share * 100 - 1 + 1e-9, "share \(share)")
        }
        #expect(spread.distance(exceededBy: 0.009) == nil, "99 texts cannot promise less than 1 in 100")
        #expect(spread.texts == 99)
    }

    @Test func aLabelWithFewTextsHasNearlyTheCommonScale() throws {
        let many = (0..<1_000).map { _ in ReferenceCentres.Nearest(label: 0, distance: 0.1) }
        let few = [ReferenceCentres.Nearest(label: 1, distance: 0.9)]
        let spread = try #require(DistanceSpread(many + few, labels: 3))
        let scales = (0..<3).compactMap { label in
            spread.relativeDistance(ReferenceCentres.Nearest(label: label, distance: 1)).map { 1 / $0 }
        }
        #expect(abs(scales[0] - 0.1) < 0.01 && (0.1...0.2).contains(scales[1]) && abs(scales[2] - 0.1) < 0.01)
    }

    @Test func whatHasNoSpreadHasNone() {
        #expect(DistanceSpread([], labels: 2) == nil)
        let onCentre = ReferenceCentres.Nearest(label: 0, distance: 0)
        #expect(DistanceSpread([onCentre, onCentre], labels: 2) == nil)
        let foreign = [
            ReferenceCentres.Nearest(label: 7, distance: 1), ReferenceCentres.Nearest(label: 0, distance: .nan),
        ]
        #expect(DistanceSpread(foreign, labels: 2) == nil)
        let spread = DistanceSpread([ReferenceCentres.Nearest(label: 0, distance: 1)], labels: 2)
        #expect(spread?.relativeDistance(foreign[0]) == nil && spread?.relativeDistance(foreign[1]) == nil)
    }
}
