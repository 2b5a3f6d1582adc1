import BERT
import Testing

@testable import Training

/// Rows and adapters whose labels changed, and rows of annotators who disagree.
struct ChangedLabelTests {
    /// Before the first step a new label is given to its own texts more often than chance, and the others keep theirs.
    @Test func aNewLabelStartsFromItsTexts() throws {
        let task = try ToyTask()
        let start = try task.trainer().train(task.rows, validation: []).adapter
        let new = (0..<24).map { LabelledText(text: "a 9 of \($0) 9 9", label: "nine") }
        let labels = ["red", "nine", "blue", "green"]
        let rows = try TrainingRows(
            task.rows + new, labels: labels, encoder: TextEncoder(tokenizer: task.tokenizer, maxTokens: 32))
        let centres = try #require(LabelCentres(adapter: start, base: task.base, rows: rows, workers: 2))
        #expect(Set(centres.centres.keys) == ["nine"])
        let one = try #require(LabelCentres(adapter: start, base: task.base, rows: rows, workers: 1))
        #expect(one.centres == centres.centres && one.others == centres.others)
        let grown = try TrainableAdapter(continuing: start, base: task.base, labels: labels)
        grown.grow(centres: centres.centres, others: centres.others, isMultiLabel: false)
        let evaluator = Evaluator(base: task.base, tokenizer: task.tokenizer, workers: 1, maxTokens: 32)
        let adapter = try grown.frozen()
        func meanScore(_ rows: [LabelledText]) -> Double {
            let predictions = evaluator.predictions(texts: rows.map(\.text), adapter: adapter)
            return predictions.reduce(0) { $0 + $1.scores[1] } / Double(rows.count)
        }
        let (own, elsewhere) = (meanScore(new), meanScore(task.rows))
        #expect(own > 0.25 && elsewhere < own, "\(own) of its own texts, \(elsewhere) of others")
    }

    @Test func withoutANewLabelThereIsNoCentre() throws {
        let task = try ToyTask()
        let start = try task.trainer { $0.epochs = 1 }.train(task.rows, validation: []).adapter
        let rows = try TrainingRows(
            task.rows, labels: nil, encoder: TextEncoder(tokenizer: task.tokenizer, maxTokens: 32))
        #expect(LabelCentres(adapter: start, base: task.base, rows: rows, workers: 1) == nil)
    }

    // MARK: - Evaluation

    private func prediction(_ scores: [Double], _ adapter: Adapter, labels: [String]? = nil) -> Prediction {
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        return Prediction(
            label: adapter.labels[best], labels: labels ?? [adapter.labels[best]], score: scores[best], scores: scores,
            logits: scores.map { Float($0) })
    }

    @Test func mergedLabelsAreJudgedByTheSumOfTheirProbabilities() throws {
        let task = try ToyTask()
        let adapter = try TrainableAdapter(
            base: task.base, configuration: task.settings().configuration, labels: ["red", "green", "blue", "old"],
            seed: 1
        ).frozen()
        let mapping = LabelMapping(targets: ["blue": "green"], retired: ["old"])
        let predictions = [prediction([0.4, 0.35, 0.25, 0], adapter), prediction([0.1, 0.2, 0, 0.7], adapter)]
        let mapped = predictions.mapped(by: mapping, adapter: adapter)
        #expect(mapped.map(\.label) == ["green", "green"] && mapped[0].scores == [0.4, 0.6])
        #expect(mapped[0].score == 0.6 && mapped.map(\.labels) == [["green"], ["green"]])
        #expect(predictions.mapped(by: LabelMapping(), adapter: adapter) == predictions)
        let rows = ["green", "red"].map { LabelledText(text: "x", label: $0) }
        let evaluation = Evaluation(rows: rows, predictions: predictions, adapter: adapter, mapping: mapping)
        #expect(evaluation.labels == ["red", "green"] && evaluation.accuracy == 0.5)
    }

    @Test func aSetHoldsAMergedLabelWhereItHeldOneOfThem() throws {
        let task = try ToyTask()
        let adapter = try TrainableAdapter(
            base: task.base, configuration: task.settings().configuration, labels: ["red", "green", "blue"], seed: 1
        ).frozen(isMultiLabel: true)
        let mapping = LabelMapping(targets: ["blue": "green"], retired: ["red"])
        let given = [
            prediction([0.9, 0.6, 0.7], adapter, labels: ["red", "green", "blue"]),
            prediction([0.9, 0.1, 0.1], adapter, labels: ["red"]),
        ]
        let mapped = given.mapped(by: mapping, adapter: adapter)
        #expect(mapped.map(\.labels) == [["green"], []] && mapped[0].scores == [0.7])
        let rows = [LabelledText(text: "x", labels: ["green"]), LabelledText(text: "y", labels: [])]
        #expect(Evaluation(rows: rows, predictions: given, adapter: adapter, mapping: mapping).accuracy == 1)
    }

    // MARK: - Votes

    private func fold(_ rows: [(label: String, voter: String?, weight: Double)]) -> RowFolding {
        RowFolding(
            rows.map { LabelledText(text: "same text", label: $0.label) },
            votes: rows.map { RowFolding.Vote(voter: $0.voter, weight: $0.weight) })
    }

    @Test func theLargestSumOfWeightsWins() {
        let one = fold([("a", "kim", 1), ("b", "crowd", 0.5), ("b", "flock", 0.4)])
        #expect(one.rows.map(\.row.label) == ["a"] && one.conflicts == 1 && one.conflictingRows == 2)
        #expect(fold([("a", "kim", 1), ("b", "crowd", 0.5), ("b", "flock", 0.6)]).rows.map(\.row.label) == ["b"])
        #expect(
            fold([("a", nil, 0.1), ("a", nil, 0.1), ("a", nil, 0.1), ("b", nil, 0.3)]).rows.map(\.row.label) == ["b"])
    }

    @Test func ofATieTheNewestLabelWins() {
        #expect(fold([("b", "x", 1), ("a", "y", 1)]).rows.map(\.row.label) == ["a"])
        #expect(fold([("a", "x", 0.5), ("b", "y", 1), ("a", "z", 0.5)]).rows.map(\.row.label) == ["a"])
    }

    @Test func anAnnotatorWhoCorrectsThemselvesCountsOnce() {
        #expect(fold([("a", "kim", 1), ("a", "kim", 1), ("b", "kim", 1)]).rows.map(\.row.label) == ["b"])
        #expect(fold([("a", nil, 1), ("a", nil, 1), ("b", nil, 1)]).rows.map(\.row.label) == ["a"])
        let agreed = fold([("a", "kim", 1), ("a", "kim", 1)])
        #expect(agreed.rows.count == 1 && agreed.duplicates == 1 && agreed.conflicts == 0)
    }
}
