import TestSupport
import Testing

@testable import Training

struct SettingsSearchTests {
    private static let validation = ToyTask.rows(30, seed: 9)

    private func search(_ task: ToyTask, count: Int, budget: Duration? = nil) -> SettingsSearch {
        SettingsSearch(
            base: task.base, tokenizer: task.tokenizer, settings: task.settings { $0.epochs = 4 }, count: count,
            budget: budget)
    }

    @Test func drawnSettingsAreDifferentSensibleAndAlwaysTheSame() {
        let given = TrainingSettings()
        let drawn = SearchSpace(given: given, changesShape: true).settings(40)
        #expect(drawn.count == 40 && drawn[0] == given)
        #expect(drawn == SearchSpace(given: given, changesShape: true).settings(40))
        for (number, settings) in drawn.enumerated() {
            #expect(!drawn[..<number].contains(settings))
            #expect(settings.seed == given.seed && settings.epochs == given.epochs && settings.targets == given.targets)
            #expect(settings.alpha / Float(settings.rank) == 2)
            #expect(settings.learningRate > 4e-5 && settings.learningRate < 5e-3)
        }
        var other = given
        other.seed = 1
        #expect(
            SearchSpace(given: other, changesShape: true).settings(3).map(\.learningRate)
                != drawn.prefix(3).map(\.learningRate))
        #expect(
            SearchSpace(given: given, changesShape: false).settings(20).allSatisfy {
                $0.rank == given.rank && $0.alpha == given.alpha
            })
    }

    @Test(arguments: [(2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)]) func halvingsLeaveOne(count: Int, halvings: Int)
    {
        #expect(SettingsSearch.halvings(count) == halvings)
    }

    @Test func theBetterHalfGoesOn() throws {
        let task = try ToyTask(rows: 48)
        var shown: [Int: [Int]] = [:]
        let result = try search(task, count: 4).run(
            task.rows, validation: Self.validation,
            progress: { shown[$0.halving, default: []].append($0.trial.number) })
        #expect(shown[1] == [1, 2, 3, 4] && shown[2]?.count == 2)
        #expect(result.ending == .complete && result.trials.count == 4)
        #expect(result.trials.map(\.rung) == [2, 2, 1, 1])
        // A quarter of 24 steps, then half.
        #expect(result.trials.allSatisfy { $0.steps == 24 })
        #expect(result.winner.step == 12 && result.trials[3].step == 6)
        #expect(result.winner.evaluation?.macroF1 ?? 0 >= result.trials[1].evaluation?.macroF1 ?? 1)
        let again = try search(task, count: 4).run(task.rows, validation: Self.validation)
        #expect(again.trials.map(\.number) == result.trials.map(\.number))
        #expect(again.trials.map(\.evaluation) == result.trials.map(\.evaluation))
    }

    @Test func theWinnerEndsAsATrainingWithItsSettingsDoes() throws {
        let task = try ToyTask(rows: 48)
        let result = try search(task, count: 3).run(task.rows, validation: Self.validation)
        let trainer = AdapterTrainer(base: task.base, tokenizer: task.tokenizer, settings: result.winner.settings)
        let checkpoint: TrainingCheckpoint = try #require(result.checkpoint)
        let gone = try trainer.train(task.rows, validation: Self.validation, resumingFrom: checkpoint)
        #expect(gone.adapter.digest == (try trainer.train(task.rows, validation: Self.validation)).adapter.digest)
    }

    @Test func aSearchWithoutTimeKeepsWhatWasGiven() throws {
        let task = try ToyTask(rows: 24)
        let result = try search(task, count: 4, budget: .zero).run(task.rows, validation: Self.validation)
        #expect(result.ending == .timeUp && result.winner.number == 1 && result.checkpoint == nil)
    }

    @Test func aSearchThatCannotJudgeOrIsStoppedSaysSo() throws {
        let task = try ToyTask(rows: 24)
        #expect(throws: TrainingError.self) { try search(task, count: 4).run(task.rows, validation: []) }
        #expect(throws: TrainingError.self) { try search(task, count: 1).run(task.rows, validation: Self.validation) }
    }

    @Test(arguments: [0, 2, 5, 30]) func whatIsBestWhenASearchIsStoppedCanBeGoneOnWith(steps: Int) throws {
        let task = try ToyTask(rows: 24)
        var asked = 0
        let result = try search(task, count: 4).run(
            task.rows, validation: Self.validation,
            isCancelled: {
                asked += 1
                return asked > steps
            })
        #expect(result.ending == .cancelled)
        #expect((result.checkpoint == nil) == (steps == 0))
        let trainer = AdapterTrainer(base: task.base, tokenizer: task.tokenizer, settings: result.winner.settings)
        let gone = try trainer.train(task.rows, validation: Self.validation, resumingFrom: result.checkpoint)
        #expect(gone.adapter.digest == (try trainer.train(task.rows, validation: Self.validation)).adapter.digest)
    }

    @Test func trialsAreWeighedByWhatTheEpochToKeepIs() {
        func trial(_ number: Int, _ keeping: EpochSelection, right: Int, loss: Double) -> SearchTrial {
            var settings = TrainingSettings()
            settings.epochSelection = keeping
            var trial = SearchTrial(number: number, settings: settings)
            let truth = (0..<10).map { $0 % 2 == 0 ? "a" : "b" }
            var evaluation = Evaluation(
                truth: truth, predicted: truth.enumerated().map { $0 < right ? $1 : $1 == "a" ? "b" : "a" },
                labels: ["a", "b"])
            evaluation.loss = loss
            trial.evaluation = evaluation
            return trial
        }
        for keeping in EpochSelection.allCases {
            let (right, sure) = (trial(1, keeping, right: 9, loss: 0.9), trial(2, keeping, right: 8, loss: 0.3))
            #expect(right.isBetter(than: sure) == (keeping != .loss))
            #expect(sure.isBetter(than: right) == (keeping == .loss))
        }
    }

    @Test func theScalingOfOtherRanksStays() {
        var given = TrainingSettings()
        given.usesRSLoRA = true
        for settings in SearchSpace(given: given, changesShape: true).settings(20) {
            #expect(
                abs(settings.alpha / Float(settings.rank).squareRoot() - given.alpha / Float(given.rank).squareRoot())
                    < 1e-5)
        }
    }

    @Test func trialsThatDivergeAreOut() throws {
        var (good, bad) = (
            SearchTrial(number: 2, settings: TrainingSettings()), SearchTrial(number: 1, settings: TrainingSettings())
        )
        bad.hasDiverged = true
        bad.rung = 3
        good.rung = 1
        #expect(good.isBetter(than: bad) && !bad.isBetter(than: good))
    }
}
