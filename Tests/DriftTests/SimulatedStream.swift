import TestSupport

@testable import Drift

/// Texts of latent topics as a classifier with nine right labels in ten sees them. Each topic has its own lengths,
/// rare words and distances.
struct SimulatedStream {
    private let topics: Int
    private var random: TestRandom
    /// The only topic of the texts; nil: all topics alike.
    var only: Int?

    init(topics: Int, seed: UInt64) {
        self.topics = topics
        random = TestRandom(seed: seed)
    }

    mutating func next() -> TextObservation {
        let topic = only ?? Int.random(in: 0..<topics, using: &random)
        let isRight = unit() < 0.9
        let label = isRight ? topic : Int.random(in: 0..<topics, using: &random)
        // The maximum of several uniform numbers is near 1, that of few is not.
        let draws = isRight ? 6 : 2
        let confidence = (0..<draws).reduce(0.0) { best, _ in max(best, unit()) }
        let tokens = 8 + topic * 4 + (0..<6).reduce(0) { sum, _ in sum + Int.random(in: 0...12, using: &random) }
        let unknown = (0..<tokens).reduce(0) { sum, _ in sum + (unit() < 0.004 ? 1 : 0) }
        let spread = 0.05 + 0.01 * Double(topic)
        let distance = (0..<4).reduce(isRight ? 0.02 : 0.2) { sum, _ in sum + spread * unit() }
        return TextObservation(
            label: label, confidence: confidence, abstained: confidence < 0.5, tokens: tokens, unknownTokens: unknown,
            distance: Float(distance), expectedAccuracy: confidence)
    }

    mutating func profile(texts: Int) -> TextProfile {
        var profile = TextProfile(labels: topics)
        for _ in 0..<texts { profile.add(next()) }
        return profile
    }

    private mutating func unit() -> Double { Double.random(in: 0..<1, using: &random) }
}
