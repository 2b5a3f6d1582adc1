import BERT
import Testing

@testable import Training

/// Holding an adapter in training to a teacher.
struct DistillationTests {
    private func distillation(
        _ logits: [[Float]], of known: [String], labels: [String], mapping: LabelMapping = LabelMapping(),
        isMultiLabel: Bool = false, temperature: Double = 1
    ) -> Distillation? {
        Distillation(
            texts: logits.indices.map { "text \($0)" }, logits: logits, of: known, isMultiLabel: isMultiLabel,
            labels: labels, mapping: mapping, settings: Distillation.Settings(weight: 1, temperature: temperature))
    }

    private func close(_ left: [Float], _ right: [Float]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-5 }
    }

    // MARK: - Targets

    @Test func targetsAreTheTeachersProbabilitiesAtTheTemperature() throws {
        let made = try #require(distillation([[2, 0]], of: ["a", "b"], labels: ["b", "new", "a"], temperature: 2))
        #expect(made.labels == ["a", "b"] && close(made.probabilities, [0.731059, 0.268941]))
        let targets = try #require(made.targets(labels: ["b", "new", "a"]))
        #expect(targets.places == [2, 0] && targets.temperature == 2 && !targets.isMultiLabel)
        #expect(made.targets(labels: ["b", "new"]) == nil)
    }

    @Test func mergedLabelsAddUpAndRenamedOnesKeepTheirShare() throws {
        let mapping = LabelMapping(targets: ["urgent": "high", "critical": "high", "minor": "low"])
        let made = try #require(
            distillation([[0, 0, 0]], of: ["urgent", "minor", "critical"], labels: ["low", "high"], mapping: mapping))
        #expect(made.labels == ["high", "low"] && close(made.probabilities, [2 / 3, 1 / 3]))
    }

    @Test func ofMergedLabelsInASetTheHighestCounts() throws {
        let mapping = LabelMapping(targets: ["urgent": "high"])
        let made = try #require(
            distillation(
                [[0, 2, -1]], of: ["high", "urgent", "late"], labels: ["late", "high"], mapping: mapping,
                isMultiLabel: true))
        #expect(made.labels == ["high", "late"] && close(made.probabilities, [0.880797, 0.268941]))
    }

    @Test func aTextWhoseBestLabelIsGoneIsLeftOut() throws {
        let mapping = LabelMapping(retired: ["old"])
        let logits: [[Float]] = [[1, 0, 5], [1, 0, 0], [0, 0, 9]]
        for mapping in [mapping, LabelMapping()] {
            let made = try #require(distillation(logits, of: ["a", "b", "old"], labels: ["a", "b"], mapping: mapping))
            #expect(made.texts == ["text 1"] && close(made.probabilities, [0.731059, 0.268941]))
        }
        #expect(distillation([[0, 0, 9]], of: ["a", "b", "old"], labels: ["a", "b"]) == nil)
    }

    @Test func oneSharedLabelIsNothingToHoldTo() {
        #expect(distillation([[1, 0]], of: ["a", "b"], labels: ["a", "c"]) == nil)
        #expect(distillation([[1, 0]], of: ["a", "b"], labels: ["a", "c"], isMultiLabel: true) != nil)
        #expect(distillation([], of: ["a", "b"], labels: ["a", "b"]) == nil)
        #expect(distillation([[.nan, 0]], of: ["a", "b"], labels: ["a", "b"]) == nil)
    }

    // MARK: - The order of texts

    @Test func everyTextComesOncePerRound() {
        let plan = DistillationPlan(count: 10, rowsPerStep: 4, seed: 7)
        let steps = (0..<5).map { plan.texts(step: $0) }
        let texts = Array(steps.joined())
        #expect(texts.prefix(10).sorted() == Array(0..<10) && texts.suffix(10).sorted() == Array(0..<10))
        #expect(Array(texts.prefix(10)) != Array(texts.suffix(10)) && plan.stepsOfRound == 3)
        #expect(plan.texts(step: 3) == steps[3])
        let few = DistillationPlan(count: 3, rowsPerStep: 16, seed: 7)
        #expect(few.perStep == 3 && few.texts(step: 1).sorted() == [0, 1, 2])
    }

    // MARK: - Training

    /// A champion of three labels, rows of two of them, and texts of all three.
    private struct Forgetting {
        let task: ToyTask
        let champion: Adapter
        let rows: [LabelledText]
        let distillation: Distillation
        let evaluator: Evaluator

        init(weight: Double = 4) throws {
            task = try ToyTask()
            champion = try task.trainer { $0.epochs = 12 }.train(task.rows, validation: []).adapter
            rows = ToyTask.rows(96, seed: 11).filter { $0.label != "blue" }
            evaluator = Evaluator(base: task.base, tokenizer: task.tokenizer, workers: 1, maxTokens: 32)
            distillation = try #require(
                Distillation(
                    texts: ToyTask.rows(60, seed: 12).map(\.text), teacher: champion, labels: champion.labels,
                    settings: Distillation.Settings(weight: weight), evaluator: evaluator))
        }

        /// Recall of the label without rows.
        func recall(_ adapter: Adapter) -> Double {
            let texts = ToyTask.rows(90, seed: 13).filter { $0.label == "blue" }.map(\.text)
            let found = evaluator.predictions(texts: texts, adapter: adapter).count { $0.label == "blue" }
            return Double(found) / Double(texts.count)
        }
    }

    @Test func aLabelWithoutRowsIsKept() throws {
        let case93 = try Forgetting()
        #expect(case93.recall(case93.champion) > 0.9)
        func challenger(_ distillation: Distillation?) throws -> Adapter {
            try case93.task.trainer { $0.epochs = 20 }.train(
                case93.rows, validation: [], startingFrom: case93.champion, labels: nil, distillation)
        }
        let (without, with) = (
            case93.recall(try challenger(nil)), case93.recall(try challenger(case93.distillation))
        )
        #expect(with > 0.8 && without < with, "\(without) without, \(with) with")
    }

    /// Also over frozen layers, whose states are computed again in the same batches.
    @Test(arguments: [nil, [1]] as [[Int]?]) func aResumedTrainingHasTheSameBits(layers: [Int]?) throws {
        let case93 = try Forgetting()
        let labels = case93.champion.labels
        let trainer = case93.task.trainer { ($0.epochs, $0.layers) = (2, layers) }
        let whole = try trainer.train(
            case93.rows, validation: [], labels: labels, distillation: case93.distillation)
        var checkpoint: TrainingCheckpoint?
        #expect(throws: TrainingError.cancelled) {
            try trainer.train(
                case93.rows, validation: [], labels: labels, distillation: case93.distillation,
                save: { checkpoint = $0 }, stoppingAfter: 5)
        }
        #expect(checkpoint?.step == 5)
        let resumed = try trainer.train(
            case93.rows, validation: [], labels: labels, distillation: case93.distillation,
            resumingFrom: checkpoint)
        #expect(resumed.adapter.digest == whole.adapter.digest)
        let plain = try trainer.train(case93.rows, validation: [], labels: labels)
        #expect(plain.adapter.digest != whole.adapter.digest)
        // What it is distilled from belongs to the identity of a training.
        let other = try Forgetting(weight: 2).distillation
        #expect(throws: TrainingError.self) {
            try trainer.train(
                case93.rows, validation: [], labels: labels, distillation: other,
                resumingFrom: checkpoint)
        }
    }

    @Test func labelsOfAnotherTaskAreRefused() throws {
        let case93 = try Forgetting()
        let rows = case93.rows.map { LabelledText(text: $0.text, label: "other \($0.label)") }
        #expect(throws: TrainingError.invalidSetting("distillation", reason: "its labels are not those of the task")) {
            try case93.task.trainer().train(rows, validation: [], distillation: case93.distillation)
        }
    }
}

extension AdapterTrainer {
    fileprivate func train(
        _ rows: [LabelledText], validation: [LabelledText], startingFrom start: Adapter, labels: [String]?,
        _ distillation: Distillation?
    ) throws -> Adapter {
        try train(
            rows, validation: validation, labels: labels ?? start.labels, startingFrom: start,
            distillation: distillation
        ).adapter
    }
}
