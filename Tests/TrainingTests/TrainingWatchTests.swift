import BERT
import TestSupport
import Testing

@testable import Training

/// Trainings that go wrong: what is noticed, and when an automatic one starts again.
struct TrainingWatchTests {
    private func evaluation(_ truth: [String], _ predicted: [String]) -> Evaluation {
        Evaluation(truth: truth, predicted: predicted, labels: ["a", "b", "c"])
    }

    // MARK: - The signs

    @Test func oneLabelForAllIsACollapse() {
        let truth = (0..<99).map { ["a", "b", "c"][$0 % 3] }
        let finding = TrainingWatch.collapse(evaluation(truth, truth.map { _ in "b" }))
        #expect(finding == .collapsed(label: "b", predicted: 1, share: 1.0 / 3))
        #expect(finding?.isLost == true)
        #expect("\(finding.map { "\($0)" } ?? "")".contains("100 % of the rows get the label \"b\", which 33.33 %"))
        #expect(TrainingWatch.collapse(evaluation(truth, truth)) == nil)
    }

    @Test(arguments: [76, 85, 92]) func aFrequentLabelIsNoCollapse(rows: Int) {
        let truth = (0..<100).map { $0 < rows ? "a" : "b" }
        #expect(TrainingWatch.collapse(evaluation(truth, truth.map { _ in "a" })) == nil)
        #expect(TrainingWatch.missed(evaluation(truth, truth.map { _ in "a" })) == .missed(labels: ["b"]))
        #expect(TrainingWatch.collapse(evaluation([], [])) == nil)
    }

    @Test func aLabelWithRowsEnoughIsMissedByName() {
        let truth = (0..<40).map { $0 < 4 ? "c" : $0 < 20 ? "b" : "a" }
        let predicted = truth.map { $0 == "b" ? "a" : $0 == "c" ? "a" : $0 }
        let finding = TrainingWatch.missed(evaluation(truth, predicted))
        #expect(finding == .missed(labels: ["b"]))
        #expect(finding.map { "\($0)" } == "the label \"b\" is never predicted for rows that have it")
        let many = TrainingFinding.missed(labels: (1...7).map { "l\($0)" })
        #expect("\(many)".contains("\"l5\" and 2 more are never predicted for rows that have them"))
    }

    @Test func validationFarBelowTrainingIsSaidUnlessChanceExplainsIt() {
        let truth = (0..<200).map { _ in "a" }
        let perfect = evaluation(truth, truth)
        let half = evaluation(truth, truth.indices.map { $0 % 2 == 0 ? "a" : "b" })
        #expect(TrainingWatch.gap(training: perfect, validation: half) == .overfitted(training: 1, validation: 0.5))
        #expect(TrainingWatch.gap(training: half, validation: perfect) == nil)
        let few = evaluation(Array(truth.prefix(4)), ["a", "a", "a", "b"])
        #expect(TrainingWatch.gap(training: perfect, validation: few) == nil)
    }

    @Test func aLossFarAboveTheStartIsADivergence() {
        let rows = TrainingRows(labels: ["a", "b", "c"], sequences: [[1], [1]], targets: [0, 1])
        #expect(TrainingWatch.divergence(loss: 1, start: 1.1, rows) == nil)
        #expect(TrainingWatch.divergence(loss: 9, start: 1.1, rows) == .diverged(loss: 9, start: 1.1))
        // A start from an adapter begins low: the loss of guessing counts.
        #expect(TrainingWatch.divergence(loss: 1, start: 0.01, rows) == nil)
        #expect(TrainingWatch.divergence(loss: 9, start: nil, rows) == nil)
    }

    // MARK: - In a training

    @Test func aTrainingAtAnAbsurdRateIsLostAndSaysSo() throws {
        let task = try ToyTask()
        var reports: [EpochReport] = []
        let candidate = try task.trainer { $0.learningRate = 100 }.train(
            task.rows, validation: ToyTask.rows(48, seed: 9),
            progress: { if let report = $0.finishedEpoch { reports.append(report) } })
        #expect(candidate.findings.contains { $0.isLost }, "\(candidate.findings)")
        #expect(reports.contains { $0.findings?.contains { $0.isLost } == true })
        #expect(candidate.retry == nil)
    }

    @Test func aValidationFarBehindIsSaidDuringTheTrainingAndAtItsEnd() throws {
        let task = try ToyTask(rows: 192)
        var reports: [EpochReport] = []
        // Half of the labels are others, so that no adapter gets more than half of the rows right.
        let validation = ToyTask.rows(96, seed: 9).enumerated().map { place, row in
            place % 6 < 3 ? row : LabelledText(text: row.text, label: row.label == "red" ? "blue" : "red")
        }
        let candidate = try task.trainer { ($0.epochs, $0.epochSelection) = (12, .last) }.train(
            task.rows, validation: validation,
            progress: { if let report = $0.finishedEpoch { reports.append(report) } })
        func tells(_ findings: [TrainingFinding]) -> Bool {
            findings.contains { if case .overfitted = $0 { true } else { false } }
        }
        #expect(candidate.trainingEvaluation.accuracy > 0.9)
        #expect(tells(candidate.findings), "\(candidate.findings)")
        let said = reports.filter { tells($0.findings ?? []) }
        #expect(said.map(\.epoch) == [7], "once, after half of the steps")
    }

    @Test func aGoodTrainingHasNothingToSay() throws {
        let task = try ToyTask(rows: 192)
        let candidate = try task.trainer { $0.recipe = .auto }.train(
            task.rows, validation: ToyTask.rows(48, seed: 9))
        #expect(candidate.findings.isEmpty, "\(candidate.findings)")
        #expect(candidate.retry == nil && candidate.trainingEvaluation.accuracy > 0.9)
    }

    @Test(arguments: [true, false]) func anAutomaticTrainingThatIsLostStartsAgainOnce(hasValidation: Bool) throws {
        let task = try ToyTask()
        var notices: [String] = []
        let candidate = try task.trainer {
            $0.recipe = .auto
            $0.learningRate = 100
        }.train(
            task.rows, validation: hasValidation ? ToyTask.rows(48, seed: 9) : [],
            progress: { if let notice = $0.notice { notices.append(notice) } })
        let retry = try #require(candidate.retry)
        #expect(retry.finding?.isLost == true && retry.rate == 25)
        #expect(notices == [retry.text] && retry.text.hasSuffix("training started again with rate 25"))
        // The second training is what a fixed one with that rate is, bit for bit.
        let alone = try task.trainer { $0.learningRate = 25 }.train(
            task.rows, validation: hasValidation ? ToyTask.rows(48, seed: 9) : [])
        #expect(candidate.adapter.digest == alone.adapter.digest)
    }

    @Test func aGivenRateIsKept() throws {
        let task = try ToyTask()
        let candidate = try task.trainer {
            $0.recipe = .auto
            $0.given = ["rate"]
            $0.learningRate = 100
        }.train(task.rows, validation: ToyTask.rows(48, seed: 9))
        #expect(candidate.retry == nil && candidate.findings.contains { $0.isLost })
    }

    @Test func whoChoseTheSettingsDoesNotMatterToACheckpoint() throws {
        let task = try ToyTask()
        func identity(_ change: (inout TrainingSettings) -> Void) -> TrainingIdentity {
            TrainingIdentity(
                settings: task.settings(change), labels: ToyTask.colours, base: task.base, training: task.rows,
                validation: [], start: nil)
        }
        let given = identity { _ in }
        #expect(identity { ($0.recipe, $0.given) = (.auto, ["epochs", "rank", "seed"]) } == given)
        #expect(given.with(task.settings { $0.learningRate = 1 }) == identity { $0.learningRate = 1 })
        #expect(identity { $0.learningRate = 1 } != given)
    }

    @Test func aSecondTrainingIsResumedWhereItWas() throws {
        let task = try ToyTask()
        var checkpoints: [TrainingCheckpoint] = []
        let trainer = task.trainer {
            $0.recipe = .auto
            $0.learningRate = 100
        }
        let whole = try trainer.train(task.rows, validation: [], save: { checkpoints.append($0) })
        #expect(whole.retry != nil)
        let ofSecond = try #require(checkpoints.last { $0.history.epochs.count == 2 })
        var epochs = 0
        let resumed = try trainer.train(
            task.rows, validation: [], resumingFrom: ofSecond, progress: { epochs += $0.finishedEpoch == nil ? 0 : 1 })
        #expect(resumed.retry?.rate == 25 && resumed.retry?.finding == nil)
        #expect(resumed.adapter.digest == whole.adapter.digest && epochs == 4)
    }
}
