import BERT
import Foundation
import TestSupport
import Testing

@testable import Training

/// Trainings that become longer because their rows are hard to learn.
struct TrainingLengthTests {
    private static let rows = TrainingRows(
        labels: ["a", "b", "c"], sequences: Array(repeating: [1], count: 8), targets: [0, 0, 0, 0, 1, 1, 2, 2])
    /// Half, a quarter, a quarter.
    private static let entropy = 1.5 * log(2.0)

    private func length(
        holdsTeacher: Bool = false, _ change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingLength {
        var settings = TrainingSettings()
        (settings.epochs, settings.mostEpochs) = (3, 9)
        change(&settings)
        let criterion = try TrainingCriterion(settings, Self.rows)
        return TrainingLength(settings, Self.rows, criterion, holdsTeacher: holdsTeacher)
    }

    private func reports(_ losses: Double...) -> [EpochReport] {
        losses.enumerated().map { EpochReport(epoch: $0 + 1, loss: $1, seconds: 1, documentsPerSecond: 1) }
    }

    @Test func theSecondEpochDecides() throws {
        let length = try length()
        let (easy, hard) = (0.59 * Self.entropy, 0.61 * Self.entropy)
        #expect(length.epochs(after: []) == 3 && length.epochs(after: reports(5)) == 3)
        #expect(length.epochs(after: reports(5, easy)) == 3 && length.epochs(after: reports(5, hard)) == 9)
        // Whatever comes after it.
        #expect(length.epochs(after: reports(5, easy, 5)) == 3)
        #expect(length.epochs(after: reports(5, hard, 0.01)) == 9)
        #expect(length.notice(after: reports(5, easy)) == nil && length.notice(after: reports(5, hard, 1)) == nil)
        #expect(length.notice(after: reports(5, hard)) == "the labels are hard to learn: 9 epochs instead of 3")
    }

    @Test func stepsATeacherAndAGivenLengthStay() throws {
        let hard = reports(5, 5)
        #expect(try length { $0.steps = 3 }.epochs(after: hard) == 3)
        #expect(try length { $0.mostEpochs = nil }.epochs(after: hard) == 3)
        #expect(try length(holdsTeacher: true).epochs(after: hard) == 3)
        // Two epochs are over when the second one decides.
        #expect(try length { $0.epochs = 2 }.epochs(after: hard) == 2)
    }

    @Test func guessingCostsTheEntropyOfTheLabels() throws {
        var settings = TrainingSettings()
        #expect(abs(try TrainingCriterion(settings, Self.rows).guess(Self.rows) - Self.entropy) < 1e-6)
        settings.classWeighting = .balanced
        #expect(abs(try TrainingCriterion(settings, Self.rows).guess(Self.rows) - log(3)) < 1e-6)
        let sets = TrainingRows(
            labels: ["a", "b"], sequences: Array(repeating: [1], count: 4), targets: .sets([[0], [0, 1], [], []]))
        let quarter = log(4) - 0.75 * log(3)
        #expect(abs(TrainingCriterion().guess(sets) - (log(2) + quarter) / 2) < 1e-6)
        let none = TrainingRows(labels: ["a"], sequences: [[1], [1]], targets: .sets([[], []]))
        #expect(TrainingCriterion().guess(none) == 0)
    }

    /// So low a rate that nothing is learned, against one that learns the task in an epoch.
    @Test(arguments: [(Float(1e-6), 5), (Float(1e-2), 3)]) func hardRowsGetMoreEpochs(rate: Float, epochs: Int) throws {
        let task = try ToyTask(rows: 240)
        var (notices, lastSteps): ([String], Int) = ([], 0)
        let candidate = try task.trainer {
            ($0.epochs, $0.mostEpochs, $0.learningRate) = (3, 5, rate)
        }.train(
            task.rows, validation: [],
            progress: {
                if let notice = $0.notice { notices.append(notice) } else { lastSteps = $0.steps }
            })
        #expect(candidate.epochs.count == epochs && candidate.curve.points.last?.step == 30 * epochs)
        #expect(lastSteps == 30 * epochs)
        #expect(notices == (epochs == 3 ? [] : ["the labels are hard to learn: 5 epochs instead of 3"]))
        // The rate falls to zero at the end of the longer training, and is higher after the decision than before.
        let rates = candidate.curve.points.map(\.rate)
        #expect((rates[60] > rates[59]) == (epochs > 3))
        #expect(try #require(rates.last) < rate / 20)
    }

    @Test(arguments: [20, 24, 25, 40]) func anInterruptionChangesNoBit(after steps: Int) throws {
        let task = try ToyTask(rows: 96)
        let trainer = task.trainer { ($0.epochs, $0.mostEpochs, $0.learningRate) = (3, 4, 1e-6) }
        let undisturbed = try trainer.train(task.rows, validation: [])
        var kept: TrainingCheckpoint?
        #expect(throws: TrainingError.cancelled) {
            try trainer.train(task.rows, validation: [], save: { kept = $0 }, stoppingAfter: steps)
        }
        let checkpoint: TrainingCheckpoint = try #require(kept)
        let resumed = try trainer.train(task.rows, validation: [], resumingFrom: checkpoint)
        #expect(resumed.adapter.digest == undisturbed.adapter.digest && resumed.curve == undisturbed.curve)
        #expect(resumed.epochs.count == 4)
    }
}
