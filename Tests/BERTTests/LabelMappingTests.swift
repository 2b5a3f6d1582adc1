import Foundation
import Testing

@testable import BERT

struct LabelMappingTests {
    private let mapping = LabelMapping(
        targets: ["urgent": "high", "critical": "high", "minor": "low"], retired: ["obsolete"])

    @Test func eachOldLabelIsTheOneThatStandsForItNow() {
        #expect(mapping.current("urgent") == "high" && mapping.current("normal") == "normal")
        #expect(mapping.current("obsolete") == nil)
        #expect(mapping.current(["critical", "obsolete", "high", "minor", "urgent"]) == ["high", "low"])
        #expect(mapping.changes(["normal", "minor"]) && !mapping.changes(["normal", "high"]))
        #expect(LabelMapping().isEmpty && !mapping.isEmpty)
    }

    @Test func otherWaysToWriteALetterAreTheSameLabel() {
        #expect(LabelMapping(targets: ["caf\u{E9}": "bar"]).current("cafe\u{301}") == "bar")
    }

    @Test func groupsKeepTheOrderOfTheFirstOfThem() {
        let groups = mapping.groups(of: ["urgent", "minor", "obsolete", "critical"])
        #expect(groups.map(\.label) == ["high", "low"] && groups.map(\.places) == [[0, 3], [1]])
        #expect(mapping.groups(of: ["obsolete"]).isEmpty)
    }
}

/// Heads whose labels were renamed, merged, retired or added.
struct ChangedHeadTests {
    private let fixture: Fixture
    private let plain: Adapter

    init() throws {
        fixture = try Fixture("bert")
        plain = try fixture.adapter("plain").with {
            ($0.labels, $0.temperature) = (["a", "b", "c"], 2)
            $0.calibration = CalibrationFigures(errorBefore: 0.2, errorAfter: 0.1, rows: 9)
        }
    }

    @Test func aRenamedLabelKeepsItsRowAndARetiredOneLosesIt() throws {
        let mapped = try plain.mapped(by: LabelMapping(targets: ["c": "d"], retired: ["b"]))
        #expect(mapped.labels == ["a", "d"] && mapped.manifest.temperature == 2)
        #expect(mapped.manifest.calibration == nil && mapped.baseDigest == plain.baseDigest)
        for (before, after) in zip(fixture.logits(plain), fixture.logits(mapped)) {
            #expect(abs(before[0] - after[0]) < 1e-5 && abs(before[2] - after[1]) < 1e-5)
        }
    }

    @Test func mergedLabelsHaveTheTangentOfTheSumOfTheirProbabilities() throws {
        let mapped = try plain.mapped(by: LabelMapping(targets: ["c": "b"]))
        #expect(mapped.labels == ["a", "b"])
        for (before, after) in zip(fixture.logits(plain), fixture.logits(mapped)) {
            #expect(abs(before[0] - after[0]) < 1e-5)
            #expect(abs((before[1] + before[2]) / 2 + 2 * log(2) - after[1]) < 1e-4)
            // Never above what it stands for, at the adapter's temperature.
            let sum = 2 * log(exp(before[1] / 2) + exp(before[2] / 2))
            #expect(after[1] <= sum + 1e-4)
        }
    }

    @Test func thresholdsFollowTheirLabels() throws {
        let sets = try plain.with {
            $0.multiLabel = true
            $0.thresholds = [0.3, 0.6, 0.2]
        }
        #expect(try sets.mapped(by: LabelMapping(targets: ["c": "b"])).manifest.thresholds == [0.3, 0.2])
        #expect(try sets.mapped(by: LabelMapping(retired: ["a"])).manifest.thresholds == [0.6, 0.2])
    }

    @Test func withoutAChangeItIsTheSameAdapterAndWithoutLabelsNone() throws {
        #expect(try plain.mapped(by: LabelMapping(retired: ["unheard"])).digest == plain.digest)
        #expect(throws: AdapterError.self) { try plain.mapped(by: LabelMapping(retired: ["a", "b", "c"])) }
    }

    @Test(arguments: [("bert", "plain"), ("bert", "everything"), ("distilbert", "plain")])
    func pooledFeaturesAreWhatTheClassifierReads(base: String, name: String) throws {
        let fixture = try Fixture(base)
        let adapter = try fixture.adapter(name)
        let pooled = InferencePass(base: fixture.base).pooledFeatures(PackedBatch(fixture.sequences), adapter: adapter)
        let (width, classifier) = (fixture.base.configuration.hidden, adapter.view.classifier)
        for (features, logits) in zip(pooled, fixture.logits(adapter)) {
            #expect(features.count == width)
            for label in logits.indices {
                var logit = classifier.bias[label]
                for column in features.indices { logit += classifier.weight[label * width + column] * features[column] }
                #expect(abs(logit - logits[label]) < 1e-4)
            }
        }
    }

    // MARK: - New labels

    private let known = [
        HeadGrowth.Row(weights: [3, 0, 0], bias: 0.5), HeadGrowth.Row(weights: [0, -4, 0], bias: -1),
    ]
    private let others: [Float] = [0.4, -0.3, 0]
    private let centre: [Float] = [0.1, 0.2, 0.6]

    private func probability(_ row: HeadGrowth.Row, at features: [Float]) -> Double {
        func logit(_ row: HeadGrowth.Row) -> Double {
            zip(row.weights, features).reduce(Double(row.bias)) { $0 + Double($1.0 * $1.1) }
        }
        return exp(logit(row)) / (known + [row]).reduce(0) { $0 + exp(logit($1)) }
    }

    @Test func aNewLabelHasTwoThirdsAtItsCentreAndLessElsewhere() {
        let row = HeadGrowth(known: known, others: others, isMultiLabel: false).row(centre: centre)
        #expect(abs(probability(row, at: centre) - 2.0 / 3) < 1e-5)
        #expect(probability(row, at: others) < 1.0 / 3)
        let length = row.weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(length - 3.5) < 1e-4, "as long as the known rows on average")
    }

    @Test func aNewLabelOfASetStandsByItself() {
        let row = HeadGrowth(known: known, others: others, isMultiLabel: true).row(centre: centre)
        let logit = zip(row.weights, centre).reduce(row.bias) { $0 + $1.0 * $1.1 }
        #expect(abs(sigmoid(Double(logit)) - 2.0 / 3) < 1e-5)
    }

    @Test func whereNothingTellsItsTextsApartOnlyTheBiasIsLeft() {
        let row = HeadGrowth(known: known, others: others, isMultiLabel: false).row(centre: others)
        #expect(row.weights == [0, 0, 0])
        #expect(abs(probability(row, at: others) - 2.0 / 3) < 1e-5)
        let first = HeadGrowth(known: [], others: others, isMultiLabel: false).row(centre: centre)
        #expect(first.weights.allSatisfy(\.isFinite) && first.bias.isFinite)
    }

    @Test func growingSetsOnlyTheRowsOfNewLabels() throws {
        let grown = try TrainableAdapter(
            continuing: plain, base: fixture.base, labels: ["c", "new", "a", "b"], seed: 3)
        let pass = InferencePass(base: fixture.base)
        let features = pass.pooledFeatures(PackedBatch([fixture.sequences[0]]), adapter: plain)[0]
        grown.grow(centres: ["new": features], others: features.map { _ in 0 }, isMultiLabel: false)
        let adapter = try grown.frozen()
        for (before, after) in zip(fixture.logits(plain), fixture.logits(adapter)) {
            #expect(abs(before[2] - after[0]) < 1e-5 && abs(before[0] - after[2]) < 1e-5)
        }
        let scores = softmax(fixture.logits(adapter)[0])
        #expect(abs(scores[1] - 2.0 / 3) < 1e-3)
    }
}
