import TestSupport
import Testing

@testable import Drift

struct LabelExpectationTests {
    /// A text whose labels hold with the probability that its scores say, and which of them hold.
    private func text(_ random: inout TestRandom) -> (text: TextObservation, truth: [Bool]) {
        // A frequent label, a rare one, and one that is seldom given.
        let draws = (0..<3).map { _ in Double.random(in: 0..<1, using: &random) }
        let probabilities = [draws[0].squareRoot(), draws[1] * draws[1] * draws[1], draws[2]]
        var text = TextObservation(
            label: 0, confidence: 0.5, abstained: nil, tokens: 5, unknownTokens: 0, distance: nil,
            expectedAccuracy: 0.5)
        text.givenLabels = zip(probabilities, [0.5, 0.6, 0.9]).map { .init(probability: $0, isGiven: $0 >= $1) }
        return (text, probabilities.map { Double.random(in: 0..<1, using: &random) < $0 })
    }

    @Test func calibratedScoresPromiseThePrecisionAndRecallThatCome() {
        for seed in UInt64(1)...5 {
            var random = TestRandom(seed: seed)
            var profile = TextProfile(labels: 3)
            var (given, right, needed) = ([0, 0, 0], [0, 0, 0], [0, 0, 0])
            for _ in 0..<20_000 {
                let (text, truth) = text(&random)
                profile.add(text)
                for label in 0..<3 {
                    if text.givenLabels[label].isGiven { given[label] += 1 }
                    if truth[label] { needed[label] += 1 }
                    if truth[label], text.givenLabels[label].isGiven { right[label] += 1 }
                }
            }
            for (label, expectation) in profile.labelExpectations.enumerated() {
                let precision = Double(right[label]) / Double(given[label])
                let recall = Double(right[label]) / Double(needed[label])
                #expect(abs((expectation.precision ?? 0) - precision) < 0.02, "seed \(seed), label \(label)")
                #expect(abs((expectation.recall ?? 0) - recall) < 0.02, "seed \(seed), label \(label)")
            }
        }
    }

    @Test func windowsAddUpAndAreRead() throws {
        var random = TestRandom(seed: 9)
        var (whole, first, second) = (TextProfile(labels: 3), TextProfile(labels: 3), TextProfile(labels: 3))
        for index in 0..<400 {
            let text = text(&random).text
            whole.add(text)
            if index < 100 { first.add(text) } else { second.add(text) }
        }
        var merged = TextProfile(labels: 3)
        merged.merge(first)
        merged.merge(second)
        for (one, other) in zip(merged.labelExpectations, whole.labelExpectations) {
            #expect(one.given == other.given)
            #expect(abs((one.precision ?? 0) - (other.precision ?? 1)) < 1e-9)
            #expect(abs((one.recall ?? 0) - (other.recall ?? 1)) < 1e-9)
        }
        let reference = DriftReference(
            adapterDigest: "d", source: .live, profile: whole,
            centres: ReferenceCentres.Sums(labels: 3, hidden: 2).centres)
        #expect(try DriftReference(json: reference.json, adapterDigest: "d", labels: 3) == reference)
        let short = String(decoding: reference.json, as: UTF8.self).replacing(
            "\"expected_labels\":[", with: "\"expected_labels\":[{\"given\":1,\"positives\":1,\"true_positives\":1},")
        #expect(throws: DriftReferenceError.unreadable) {
            try DriftReference(json: Array(short.utf8), adapterDigest: "d", labels: 3)
        }
    }

    @Test func aLabelThatNoTextWasGivenHasNoPrecision() {
        var expectation = LabelExpectation()
        #expect(expectation.precision == nil && expectation.recall == nil)
        expectation.add(.init(probability: 0.25, isGiven: false))
        #expect(expectation.precision == nil && expectation.recall == 0)
        expectation.add(.init(probability: .nan, isGiven: true))
        #expect(expectation.given == 0)
    }
}
