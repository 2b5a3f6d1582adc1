import Foundation
import TestSupport
import Testing

@testable import Training

struct EvaluationTests {
    private func labels(_ letters: String) -> [String] { letters.map(String.init) }

    /// The figures are scikit-learn's.
    @Test func figuresAreThoseOfScikitLearn() {
        let evaluation = Evaluation(
            truth: labels("aabaccccaacaccacbaabaaaacacaaccabaacbaca"),
            predicted: labels("acbadcbcadcacdcccaadadadbababcccbaaabbca"),
            labels: ["a", "b", "c", "d"])
        #expect(evaluation.accuracy == 0.6)
        #expect(abs(evaluation.macroF1 - 0.454945054945055) < 1e-12)
        #expect(evaluation.confusionMatrix == [[13, 2, 3, 3], [0, 3, 1, 1], [1, 3, 8, 2], [0, 0, 0, 0]])
        #expect(evaluation.perLabel.map(\.support) == [21, 5, 14, 0])
        for (figures, expected) in zip(evaluation.perLabel, [0.92857143, 0.375, 0.66666667, 0]) {
            #expect(abs(figures.precision - expected) < 1e-8)
        }
        for (figures, expected) in zip(evaluation.perLabel, [0.61904762, 0.6, 0.57142857, 0]) {
            #expect(abs(figures.recall - expected) < 1e-8)
        }
        for (figures, expected) in zip(evaluation.perLabel, [0.74285714, 0.46153846, 0.61538462, 0]) {
            #expect(abs(figures.f1 - expected) < 1e-8)
        }
    }

    @Test func labelsThatNeverOccurDoNotCountForTheMean() {
        let evaluation = Evaluation(truth: ["a", "b"], predicted: ["a", "b"], labels: ["a", "never", "b"])
        #expect(evaluation.macroF1 == 1)
        #expect(evaluation.perLabel[1].f1 == 0)
    }

    @Test func labelsOutsideTheListAreAppended() {
        let evaluation = Evaluation(truth: ["a", "z"], predicted: ["a", "a"], labels: ["a"])
        #expect(evaluation.labels == ["a", "z"])
        #expect(evaluation.confusionMatrix == [[1, 0], [1, 0]])
        #expect(evaluation.accuracy == 0.5)
    }

    @Test func tenThousandLabelsCostNoSquare() throws {
        let labels = (0..<10_000).map { "label \($0)" }
        let evaluation = Evaluation(truth: labels, predicted: Array(labels.dropFirst()) + ["label 7"], labels: labels)
        #expect(
            evaluation.confusedLabels.count == 10_000 && evaluation.mistakes.count == 10_000 && evaluation.accuracy == 0
        )
        #expect(try JSONEncoder().encode(evaluation).count < 3_000_000)
        #expect(evaluation.perLabel[7].support == 1)
    }

    @Test func mistakesComeByCount() {
        let evaluation = Evaluation(truth: labels("aabbbc"), predicted: labels("bbbccc"), labels: labels("abc"))
        #expect(evaluation.mistakes.map { [$0.truth, $0.predicted, $0.rows] } == [[0, 1, 2], [1, 2, 2]])
    }

    @Test func noRowsAreNoFigures() {
        let evaluation = Evaluation(truth: [], predicted: [], labels: ["a", "b"])
        #expect(evaluation.accuracy == 0)
        #expect(evaluation.macroF1 == 0)
    }

    @Test func reportsHaveTheJSONNamesOfTheDesign() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let report = EpochReport(epoch: 1, loss: 0.5, seconds: 2, documentsPerSecond: 8, accuracy: 0.75, macroF1: 0.25)
        #expect(
            String(decoding: try encoder.encode(report), as: UTF8.self)
                == #"{"accuracy":0.75,"documents_per_second":8,"epoch":1,"loss":0.5,"macro_f1":0.25,"seconds":2}"#)
        let text = String(
            decoding: try encoder.encode(Evaluation(truth: ["a"], predicted: ["a"], labels: ["a"])), as: UTF8.self)
        #expect(text.contains(#""macro_f1":1"#) && text.contains(#""per_label":[{"#))
    }

    @Test func predictionsAreInOrderAndSumToOne() throws {
        let task = try ToyTask()
        let adapter = try TestModels.adapter(over: task.base, labels: ["x", "y", "z"])
        let texts = (0..<70).map { String(repeating: "red the ", count: $0 % 40) + "\($0)" }
        let evaluator = Evaluator(base: task.base, tokenizer: task.tokenizer, workers: 2, maxTokens: 1_000)
        let all = evaluator.predictions(texts: texts, adapter: adapter)
        #expect(all.count == 70)
        for (text, prediction) in zip(texts, all) {
            let alone = Evaluator(base: task.base, tokenizer: task.tokenizer, workers: 1).predictions(
                texts: [text], adapter: adapter)
            #expect(alone[0].label == prediction.label)
            for (a, b) in zip(alone[0].logits, prediction.logits) { #expect(abs(a - b) < 1e-5) }
            #expect(abs(prediction.scores.reduce(0, +) - 1) < 1e-5)
            #expect(prediction.score == prediction.scores.max())
        }
        #expect(evaluator.predictions(texts: [], adapter: adapter).isEmpty)
    }
}
