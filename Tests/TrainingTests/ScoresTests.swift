import BERT
import Foundation
import TestSupport
import Testing

@testable import Training

/// Sets of labels, temperatures, thresholds and abstention.
struct ScoresTests {
    @Test func setsAreMeasuredByLabelAndTogether() {
        let evaluation = Evaluation(
            truth: [["a", "b"], ["a"], [], ["b"]], predicted: [["a"], ["a", "b"], [], ["b"]], labels: ["a", "b", "c"],
            thresholds: [0.4, 0.5, 0.6])
        #expect(evaluation.isMultiLabel && evaluation.accuracy == 0.5)
        #expect(evaluation.perLabel.map(\.f1) == [1, 0.5, 0])
        #expect(evaluation.perLabel.map(\.threshold) == [0.4, 0.5, 0.6])
        #expect(evaluation.macroF1 == 0.75)
        #expect(evaluation.microF1 == 0.75)
        #expect(evaluation.confusedLabels.isEmpty)
    }

    private func overconfident() throws -> (rows: LabelledLogits, count: Int) {
        var random = TestRandom(seed: 5)
        var logits: [[Float]] = []
        var rows: [LabelledText] = []
        for _ in 0..<2000 {
            let x = Double.random(in: -2...2, using: &random)
            let isFirst = Double.random(in: 0..<1, using: &random) < sigmoid(2 * x)
            // Twice as far from zero as the truth is.
            logits.append([Float(2 * x), Float(-2 * x)])
            rows.append(LabelledText(text: "", label: isFirst ? "a" : "b"))
        }
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        let predictions = logits.map { Prediction(logits: $0, adapter: adapter) }
        return (LabelledLogits(rows: rows, predictions: predictions, adapter: adapter), rows.count)
    }

    @Test func theTemperatureIsThatOfTheLowestLoss() throws {
        let (rows, _) = try overconfident()
        let temperature = try #require(Calibration.temperature(rows))
        #expect(abs(temperature - 2) < 0.25, "\(temperature)")
        let best = try #require(rows.loss(temperature: temperature))
        for factor in [0.9, 1.1] { #expect(try #require(rows.loss(temperature: temperature * factor)) > best) }
    }

    @Test func thresholdsMaximiseF1() throws {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"]).with { $0.multiLabel = true }
        // "a" holds from logit −1 up; "b" never.
        let logits = (0..<40).map { [Float($0) / 10 - 2, 0] }
        let rows = logits.map { LabelledText(text: "", labels: $0[0] >= -1 ? ["a"] : []) }
        let known = LabelledLogits(
            rows: rows, predictions: logits.map { Prediction(logits: $0, adapter: adapter) }, adapter: adapter)
        let thresholds = try #require(ScoreFitting.thresholds(known, temperature: 1))
        #expect(thresholds[0] > sigmoid(-1.1) && thresholds[0] <= sigmoid(-1))
        #expect(thresholds[1] == 0.5)
    }

    @Test func abstainingBelowTheThresholdReachesThePrecision() throws {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"])
        // The surer, the more often right: wrong are the five least sure ones and one in the middle.
        let logits = (0..<100).map { [Float($0) / 50 + 0.01, 0] }
        let rows = (0..<100).map { LabelledText(text: "", label: $0 < 5 || $0 == 50 ? "b" : "a") }
        let predictions = logits.map { Prediction(logits: $0, adapter: adapter) }
        let steps = CoverageSteps(rows: rows, predictions: predictions)
        let point = try #require(steps.point(precision: 0.98))
        let covered = zip(rows, predictions).filter { $1.score >= point.threshold }
        #expect(Double(covered.count) / 100 == point.coverage)
        #expect(
            Double(covered.count { $0.label == $1.label }) / Double(covered.count) == point.precision
                && point.precision >= 0.98)
        #expect(steps.point(precision: 1)?.coverage == 0.49)
        #expect(steps.curve.points.first?.coverage == 1 && steps.curve.points.last?.precision == 1)
        let few = CoverageSteps(rows: Array(rows.prefix(9)), predictions: Array(predictions.prefix(9)))
        #expect(few.point(precision: 0.5) == nil)
    }

    @Test func theBestEpochIsKeptAndPatienceEnds() {
        func evaluation(_ wrong: Int) -> Evaluation {
            Evaluation(
                truth: ["a", "b", "a", "b"], predicted: (0..<4).map { $0 < wrong ? "z" : $0 % 2 == 0 ? "a" : "b" },
                labels: ["a", "b"])
        }
        var history = TrainingHistory()
        for (epoch, wrong) in [2, 1, 2, 3].enumerated() {
            var report = EpochReport(epoch: epoch + 1, loss: 1, seconds: 1, documentsPerSecond: 1)
            history.add(&report, evaluation(wrong), values: [Float(epoch)], by: .accuracy)
            #expect(history.hasStalled(patience: 2) == (epoch == 3))
        }
        #expect(history.best?.number == 2 && history.best?.values == [1])
        #expect(!history.hasStalled(patience: nil))
    }

    @Test func rareLabelsWeighMore() throws {
        var settings = TrainingSettings()
        settings.classWeighting = .balanced
        let rows = TrainingRows(labels: ["a", "b"], sequences: [[1], [1], [1], [1]], targets: [0, 0, 0, 1])
        let criterion = try TrainingCriterion(settings, rows)
        #expect(criterion.classWeights == [4.0 / 6, 2])
        #expect(abs(criterion.weight(of: [0, 3], rows) - (4.0 / 6 + 2)) < 1e-6)
        settings.classWeighting = .given(["b": 3])
        #expect(try TrainingCriterion(settings, rows).classWeights == [1, 3])
        settings.classWeighting = .given(["c": 3])
        #expect(throws: TrainingError.invalidSetting("class_weights", reason: "there is no label \"c\"")) {
            try TrainingCriterion(settings, rows)
        }
    }

    @Test func aMultiLabelTaskIsLearnt() throws {
        let task = try ToyTask(rows: 0)
        func rows(_ count: Int, seed: UInt64) -> [LabelledText] {
            var random = TestRandom(seed: seed)
            return (0..<count).map { _ in
                let labels = ToyTask.colours.filter { _ in Bool.random(using: &random) }
                return LabelledText(text: (labels + ["the", "a"]).joined(separator: " "), labels: labels)
            }
        }
        let trainer = task.trainer {
            $0.isMultiLabel = true
            $0.epochs = 10
            $0.learningRate = 2e-2
        }
        let candidate = try trainer.train(rows(120, seed: 1), validation: rows(60, seed: 2))
        let evaluation = try #require(candidate.evaluation)
        #expect(evaluation.microF1 > 0.9 && evaluation.macroF1 > 0.9, "\(evaluation.microF1)")
        #expect(candidate.adapter.manifest.isMultiLabel && candidate.adapter.manifest.thresholds?.count == 3)
        #expect(try #require(candidate.calibration).lossAfter <= #require(candidate.calibration).lossBefore + 1e-9)
        let folder = try TemporaryFolder()
        try candidate.adapter.write(to: folder.path + "/adapter")
        let again = try Adapter.load(directory: folder.path + "/adapter", base: task.base)
        #expect(again.digest == candidate.adapter.digest && again.manifest == candidate.adapter.manifest)
    }
}
