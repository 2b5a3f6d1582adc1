import BERT
import TestSupport
import Testing

@testable import Drift

struct MeasuredAccuracyTests {
    private func group(
        _ given: [String], _ annotated: [String], texts: Int = 1, sample: MeasuredAccuracy.Sample = .random
    ) -> MeasuredAccuracy.Group {
        MeasuredAccuracy.Group(given: given, annotated: annotated, sample: sample, texts: texts)
    }

    private func measured(
        _ groups: [MeasuredAccuracy.Group], mapping: LabelMapping = LabelMapping(), isMultiLabel: Bool = false
    ) -> MeasuredAccuracy? {
        MeasuredAccuracy(groups, labels: ["a", "b", "c", "d"], mapping: mapping, isMultiLabel: isMultiLabel)
    }

    @Test func theAccuracyIsTheShareOfRightLabels() throws {
        let groups = [group(["a"], ["a"], texts: 8), group(["a"], ["b"]), group(["b"], [" b "])]
        let result = try #require(measured(groups))
        #expect(result.texts == 10 && abs(result.accuracy - 0.9) < 1e-12)
        // The textbook interval of 9 in 10.
        #expect(abs(result.interval.lowerBound - 0.595_85) < 1e-4)
        #expect(abs(result.interval.upperBound - 0.982_12) < 1e-4)
    }

    @Test func labelsAreComparedAsTheTaskCallsThemNow() throws {
        let mapping = LabelMapping(targets: ["old": "a"], retired: ["gone"])
        let groups = [
            group(["a"], ["old"]), group(["b"], ["new"]), group(["b"], ["gone"]), group(["gone"], ["b"]),
        ]
        let result = try #require(measured(groups, mapping: mapping))
        #expect(result.texts == 3, "a retired annotation says nothing")
        #expect(abs(result.accuracy - 1 / 3) < 1e-12)
    }

    @Test func aSetIsAsRightAsItsLabels() throws {
        let groups = [
            group(["a", "b"], ["b", "a"]), group(["a"], ["a", "b"]), group([], []), group(["a"], ["x", "y", "z", "w"]),
        ]
        let result = try #require(measured(groups, isMultiLabel: true))
        #expect(result.texts == 4 && abs(result.accuracy - (1 + 0.75 + 1 + 0) / 4) < 1e-12)
    }

    @Test func samplesAreNotMixed() {
        let groups = [group(["a"], ["a"], texts: 3), group(["a"], ["b"], texts: 2, sample: .chosen)]
        let samples = MeasuredAccuracy.bySample(
            groups, labels: ["a", "b"], mapping: LabelMapping(), isMultiLabel: false)
        #expect(samples[.random]?.accuracy == 1 && samples[.random]?.texts == 3)
        #expect(samples[.chosen]?.accuracy == 0 && samples[.chosen]?.texts == 2)
        #expect(measured([]) == nil)
    }

    @Test(arguments: [(texts: 40, accuracy: 0.9), (200, 0.7), (1_000, 0.97)])
    func theIntervalHoldsTheTrueAccuracyAsOftenAsItSays(texts: Int, accuracy: Double) throws {
        var random = TestRandom(seed: 17)
        var held = 0
        for _ in 0..<2_000 {
            let right = (0..<texts).count { _ in Double.random(in: 0..<1, using: &random) < accuracy }
            let groups = [group(["a"], ["a"], texts: right), group(["a"], ["b"], texts: texts - right)]
            if try #require(measured(groups)).interval.contains(accuracy) { held += 1 }
        }
        // Wilson's interval is not exact for few texts.
        #expect((0.93...0.975).contains(Double(held) / 2_000), "seed 17: \(held) of 2000")
    }
}
