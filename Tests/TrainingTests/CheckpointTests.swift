import BERT
import Foundation
import TestSupport
import Testing

@testable import Training

/// An interrupted training that is resumed, against one that was not disturbed.
struct CheckpointTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout TrainingSettings) -> Void
    }

    static let cases = [
        Case(testDescription: "all layers") { _ in },
        Case(testDescription: "upper layer, states kept") { $0.layers = [1] },
        Case(testDescription: "upper layer, room for some states") {
            $0.layers = [1]
            $0.cacheBytes = 20_000
        },
        Case(testDescription: "steps, accumulation, LoRA+, cosine") {
            $0.steps = 10
            $0.accumulation = 2
            $0.loraPlusRatio = 4
            $0.schedule = .cosine
        },
    ]

    /// Trains until so many steps are done, then keeps the checkpoint in a file.
    private func interrupted(_ task: ToyTask, _ trainer: AdapterTrainer, after steps: Int, file: String) throws {
        var asked = 0
        var kept: TrainingCheckpoint?
        let start = FileManager.default.fileExists(atPath: file) ? try TrainingCheckpoint(path: file) : nil
        #expect(throws: TrainingError.cancelled) {
            try trainer.train(
                task.rows, validation: Self.validation, resumingFrom: start, save: { kept = $0 },
                isCancelled: {
                    asked += 1
                    return asked > steps
                })
        }
        try #require(kept).write(to: file)
    }

    private static let validation = ToyTask.rows(24, seed: 9)

    /// Steps at the start, in mid-epoch, at the end of an epoch (six steps each, or three), and before the last one.
    @Test(arguments: cases, [0, 1, 4, 6, 9]) func anInterruptionChangesNoBit(of each: Case, after steps: Int) throws {
        let task = try ToyTask(rows: 48)
        let folder = try TemporaryFolder()
        let trainer = task.trainer {
            $0.epochs = 2
            each.change(&$0)
        }
        let undisturbed = try trainer.train(task.rows, validation: Self.validation)
        try interrupted(task, trainer, after: steps, file: folder.path + "/c")
        let checkpoint = try TrainingCheckpoint(path: folder.path + "/c")
        // Being asked to stop counts at the ends of epochs too, so that some stop a step or two before.
        #expect((max(steps - 2, 0)...steps).contains(checkpoint.step))
        let resumed = try trainer.train(task.rows, validation: Self.validation, resumingFrom: checkpoint)
        #expect(resumed.adapter.digest == undisturbed.adapter.digest)
        #expect(resumed.evaluation == undisturbed.evaluation)
        #expect(resumed.curve == undisturbed.curve)
        #expect(resumed.epochs.map(\.loss) == undisturbed.epochs.map(\.loss))
        #expect(resumed.epochs.map(\.macroF1) == undisturbed.epochs.map(\.macroF1))
    }

    @Test func severalInterruptionsChangeNoBit() throws {
        let task = try ToyTask(rows: 48)
        let folder = try TemporaryFolder()
        let trainer = task.trainer { $0.epochs = 3 }
        let undisturbed = try trainer.train(task.rows, validation: Self.validation)
        for steps in [2, 0, 5, 6] { try interrupted(task, trainer, after: steps, file: folder.path + "/c") }
        let checkpoint = try TrainingCheckpoint(path: folder.path + "/c")
        #expect(checkpoint.step == 12 && checkpoint.history.epochs.count == 1)
        let resumed = try trainer.train(task.rows, validation: Self.validation, resumingFrom: checkpoint)
        #expect(resumed.adapter.digest == undisturbed.adapter.digest)
        #expect(FileManager.default.subpaths(atPath: folder.path) == ["c"])
    }

    @Test func theLastCheckpointGivesTheAdapterWithoutAStep() throws {
        let task = try ToyTask(rows: 24)
        var last: TrainingCheckpoint?
        var steps = 0
        let done = try task.trainer { $0.epochs = 2 }.train(task.rows, validation: Self.validation, save: { last = $0 })
        let checkpoint: TrainingCheckpoint = try #require(last)
        let again = try task.trainer { $0.epochs = 2 }.train(
            task.rows, validation: Self.validation, resumingFrom: checkpoint,
            isCancelled: {
                steps += 1
                return false
            })
        #expect(again.adapter.digest == done.adapter.digest && again.epochs == done.epochs)
        #expect(steps == 0)
    }

    // MARK: - Checkpoints that are of no use

    private func checkpoint(_ task: ToyTask) throws -> TrainingCheckpoint {
        var kept: TrainingCheckpoint?
        _ = try task.trainer { $0.epochs = 1 }.train(task.rows, validation: [], save: { kept = $0 })
        return try #require(kept)
    }

    @Test func whatDiffersFromTheInterruptedTrainingIsNamed() throws {
        let task = try ToyTask(rows: 24)
        let kept = try checkpoint(task)
        func difference(
            rows: [LabelledText]? = nil, validation: [LabelledText] = [], start: Adapter? = nil,
            _ change: (inout TrainingSettings) -> Void = { _ in }
        ) -> [String]? {
            let trainer = task.trainer {
                $0.epochs = 1
                change(&$0)
            }
            do {
                _ = try trainer.train(
                    rows ?? task.rows, validation: validation, startingFrom: start, resumingFrom: kept)
                return nil
            } catch .checkpoint(.ofAnotherTraining(let differences)) {
                return differences
            } catch {
                return ["\(error)"]
            }
        }
        #expect(difference() == nil)
        #expect(difference { $0.rank = 2 } == ["rank (4 then, 2 now)"])
        #expect(difference { $0.workers = 3 } == ["workers (2 then, 3 now)"])
        #expect(difference { $0.steps = 9 } == ["steps (none then, 9 now)"])
        #expect(
            difference {
                $0.targets = ["key"]
                $0.seed = 7
            } == ["targets (query,value then, key now)", "seed (0 then, 7 now)"])
        #expect(difference(rows: Array(task.rows.reversed())) == ["the training rows"])
        #expect(difference(validation: task.rows) == ["the validation rows"])
        var relabelled = task.rows
        relabelled[0].label = "violet"
        #expect(difference(rows: relabelled) == ["the labels", "the training rows"])
        let configuration = LoRAConfiguration(rank: 4, alpha: 8)
        let start = try TestModels.adapter(
            over: task.base, labels: ["blue", "green", "red"], configuration: configuration)
        #expect(difference(start: start) == ["the adapter to start from"])
    }

    /// An adapter over another type is another training, though the base is the same.
    @Test func aTrainingIsNotResumedInAnotherType() throws {
        let tasks = try [
            BasePrecision.float32, BasePrecision(.int8),
            BasePrecision(.int8).keeping(
                [.init(layer: 1, group: .output), .init(layer: 0, group: .output)], in: .float32),
        ].map { try ToyTask(rows: 24, precision: $0) }
        let names = ["float32", "int8", "int8+float32:0.output,1.output"]
        let kept = try tasks.map { try checkpoint($0) }
        for (index, task) in tasks.enumerated() {
            for (other, checkpoint) in kept.enumerated() {
                let trainer = task.trainer { $0.epochs = 1 }
                do {
                    _ = try trainer.train(task.rows, validation: [], resumingFrom: checkpoint)
                    #expect(index == other)
                } catch .checkpoint(.ofAnotherTraining(let differences)) {
                    #expect(differences == ["dtype (\(names[other]) then, \(names[index]) now)"])
                }
            }
        }
    }

    /// What a checkpoint of an older version lacks means float32.
    @Test func theIdentityInFloat32IsThatOfOlderVersions() throws {
        func identity(_ precision: BasePrecision) throws -> TrainingIdentity {
            let task = try ToyTask(rows: 24, precision: precision)
            return TrainingIdentity(
                settings: task.settings(), labels: ToyTask.colours, base: task.base, training: task.rows,
                validation: [], start: nil)
        }
        let (float32, int8) = (try identity(.float32), try identity(BasePrecision(.int8)))
        let json = String(decoding: try JSONEncoder().encode(float32), as: UTF8.self)
        #expect(!json.contains("\"precision\":"), "\(json)")
        #expect(float32.digest(with: "") != int8.digest(with: ""))
        #expect(try JSONDecoder().decode(TrainingIdentity.self, from: JSONEncoder().encode(int8)) == int8)
    }

    @Test func theDifferencesAreSaidWithoutTexts() throws {
        let error = TrainingError.checkpoint(.ofAnotherTraining(["rank (4 then, 2 now)", "the training rows"]))
        #expect(error.description.hasSuffix("these differ: rank (4 then, 2 now), the training rows"))
    }

    @Test func aFileThatIsNoCheckpointOrWasChangedIsRefused() throws {
        let kept = try checkpoint(ToyTask(rows: 24))
        let folder = try TemporaryFolder()
        let file = folder.path + "/c"
        try kept.write(to: file)
        #expect(try TrainingCheckpoint(path: file) == kept)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var flipped = bytes
        flipped[bytes.count / 2] ^= 1
        for wrong in [Data(), Data("label\ttext\n".utf8), bytes.dropLast(), bytes.prefix(30), bytes + [0], flipped] {
            try Data(wrong).write(to: URL(fileURLWithPath: file))
            #expect {
                try TrainingCheckpoint(path: file)
            } throws: { error in
                if case .damaged(file, _)? = error as? CheckpointError { true } else { false }
            }
        }
        #expect {
            try TrainingCheckpoint(path: folder.path + "/none")
        } throws: { error in
            if case .unreadable? = error as? CheckpointError { true } else { false }
        }
    }

    @Test func aCheckpointThatCannotBeWrittenLeavesTheOldOne() throws {
        let kept = try checkpoint(ToyTask(rows: 24))
        let folder = try TemporaryFolder()
        // A folder stands where the new content is written first.
        try kept.write(to: folder.path + "/c")
        try FileManager.default.createDirectory(atPath: folder.path + "/c.new", withIntermediateDirectories: false)
        #expect {
            try kept.write(to: folder.path + "/c")
        } throws: { error in
            if case .unwritable? = error as? CheckpointError { true } else { false }
        }
        #expect(try TrainingCheckpoint(path: folder.path + "/c") == kept)
        #expect(throws: CheckpointError.self) { try kept.write(to: folder.path + "/no/such/folder/c") }
    }

    // MARK: - A loss that is no number

    @Test func aTrainingThatDivergesKeepsTheEpochBefore() throws {
        let task = try ToyTask(rows: 24)
        // One step an epoch; the first has the rate zero, the second one that throws the values out of all bounds.
        let candidate = try task.trainer {
            $0.epochs = 4
            $0.batchSize = 24
            $0.warmup = 1
            $0.learningRate = 1e38
            $0.weightDecay = 0
        }.train(task.rows, validation: [])
        let divergence = try #require(candidate.divergence)
        #expect(divergence.epoch == candidate.epochs.count + 1 && divergence.batch == 1)
        #expect((1...3).contains(candidate.epochs.count))
        #expect(candidate.epochs.allSatisfy { $0.loss.isFinite })
    }

    // MARK: - The curve

    @Test func theCurveThinsItselfAndKeepsTheMean() {
        var curve = LossCurve()
        for step in 1...5_000 { curve.append(loss: Double(step), rate: 0.5, step: step) }
        #expect((LossCurve.limit / 2..<LossCurve.limit).contains(curve.points.count))
        let width = curve.points[1].step - curve.points[0].step
        for (number, point) in curve.points.enumerated() {
            #expect(point.step == (number + 1) * width)
            // The mean of the steps that it stands for.
            #expect(abs(point.loss - (Double(point.step) - Double(width - 1) / 2)) < 1e-9)
        }
    }
}
