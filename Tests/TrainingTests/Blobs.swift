import BERT
import TestSupport

@testable import Training

/// Texts as points around one centre per label: features with a known truth.
struct Blobs {
    let features: FeatureMatrix
    let labels: [Int]
    let labelCount: Int

    /// - Parameters:
    ///   - shares: how often each label occurs, in any unit.
    ///   - distance: of a centre from the origin, in standard deviations of a coordinate.
    init(_ count: Int, shares: [Int], columns: Int = 8, distance: Float = 3, seed: UInt64, centres: UInt64 = 99) {
        var random = TestRandom(seed: seed)
        var placing = TestRandom(seed: centres)
        let middles = shares.map { _ in Self.point(columns, length: distance, &placing) }
        let urn = shares.enumerated().flatMap { Array(repeating: $0, count: $1) }
        labels = (0..<count).map { urn[$0 % urn.count] }.shuffled(using: &random)
        features = FeatureMatrix(
            columns: columns,
            values: labels.flatMap { label in middles[label].map { $0 + Self.normal(&random) } })
        labelCount = shares.count
    }

    var targets: TextTargets { .classes(labels) }

    /// Gives a share of the rows another label.
    func flipped(_ share: Double, seed: UInt64) -> (labels: [Int], changed: Set<Int>) {
        var random = TestRandom(seed: seed)
        let changed = Set(labels.indices.shuffled(using: &random).prefix(Int(Double(labels.count) * share)))
        var flipped = labels
        for row in changed.sorted() {
            flipped[row] = (labels[row] + Int.random(in: 1..<labelCount, using: &random)) % labelCount
        }
        return (flipped, changed)
    }

    func accuracy(_ head: LinearHead) -> Double {
        let probabilities = head.probabilities(features)
        let right = labels.indices.count { row in
            let scores = Array(probabilities[row])
            return scores.indices.max { scores[$0] < scores[$1] } == labels[row]
        }
        return Double(right) / Double(labels.count)
    }

    private static func point(_ columns: Int, length: Float, _ random: inout TestRandom) -> [Float] {
        let direction = (0..<columns).map { _ in normal(&random) }
        let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return direction.map { $0 * length / norm }
    }

    private static func normal(_ random: inout TestRandom) -> Float {
        (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
    }
}
