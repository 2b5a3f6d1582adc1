import BERT
import Foundation
import TestSupport
import Testing
import WordPiece

@testable import Training

struct AdapterTrainerTests {
    @Test func learnsASeparableTask() throws {
        let task = try ToyTask(rows: 192)
        var reports: [EpochReport] = []
        let candidate = try task.trainer().train(
            task.rows, validation: ToyTask.rows(48, seed: 9), task: "colours",
            progress: { if let report = $0.finishedEpoch { reports.append(report) } })
        let evaluation = try #require(candidate.evaluation)
        #expect(evaluation.accuracy > 0.95)
        #expect(evaluation.labels == ["blue", "green", "red"])
        #expect(candidate.adapter.labels == ["blue", "green", "red"])
        #expect(candidate.adapter.manifest.task == "colours")
        #expect(candidate.adapter.manifest.maxTokens == 32)
        #expect(candidate.adapter.manifest.baseDigest == task.base.digest)
        #expect(reports == candidate.epochs)
        #expect(reports.map(\.epoch) == [1, 2, 3, 4, 5, 6])
        #expect(reports[5].loss < reports[0].loss / 2)
        #expect(reports[5].accuracy == evaluation.accuracy)
        #expect(reports[5].macroF1 == evaluation.macroF1)
    }

    @Test(arguments: [1, 2, 3]) func sameSeedAndWorkersGiveTheSameBits(workers: Int) throws {
        let task = try ToyTask()
        func weights(seed: UInt64) throws -> [UInt8] {
            try task.trainer {
                $0.workers = workers
                $0.epochs = 2
                $0.seed = seed
            }.train(task.rows, validation: []).adapter.weights
        }
        let first = try weights(seed: 1)
        #expect(try weights(seed: 1) == first)
        #expect(try weights(seed: 2) != first)
    }

    /// Kept in memory, in a file, or computed anew in batches of other sizes: a training that is resumed has the same
    /// bits.
    @Test func keptHiddenStatesChangeNoBit() throws {
        let task = try ToyTask()
        func weights(memory: Int, file: Int) throws -> [UInt8] {
            try task.trainer {
                $0.layers = [1]
                $0.epochs = 3
                $0.cacheBytes = memory
                $0.cacheFileBytes = file
            }.train(task.rows, validation: []).adapter.weights
        }
        let kept = try weights(memory: 1 << 30, file: 0)
        for (memory, file) in [(20_000, 0), (0, 1 << 30), (20_000, 20_000), (0, 0)] {
            #expect(try weights(memory: memory, file: file) == kept, "\(memory) bytes in memory, \(file) in the file")
        }
    }

    @Test func warmStartGoesOnWhereTheAdapterWas() throws {
        let task = try ToyTask()
        let first = try task.trainer().train(task.rows, validation: [])
        let second = try task.trainer { $0.epochs = 1 }.train(task.rows, validation: [], startingFrom: first.adapter)
        #expect(second.epochs[0].loss < first.epochs[0].loss / 2)
    }

    @Test func warmStartKeepsTheRowsOfSharedLabels() throws {
        let task = try ToyTask()
        let first = try task.trainer().train(task.rows, validation: []).adapter
        let grown = task.rows + (0..<24).map { LabelledText(text: "a 9 of \($0) 9", label: "nine") }
        let second = try task.trainer { $0.epochs = 2 }.train(
            grown, validation: ToyTask.rows(48, seed: 9), labels: ["red", "nine", "blue", "green"], startingFrom: first)
        #expect(second.adapter.labels == ["red", "nine", "blue", "green"])
        #expect(try #require(second.evaluation).accuracy > 0.9)
    }

    @Test func warmStartOfAnotherShapeIsRefused() throws {
        let task = try ToyTask()
        let start = try task.trainer { $0.epochs = 1 }.train(task.rows, validation: []).adapter
        let changes: [(inout TrainingSettings) -> Void] = [
            { $0.rank = 2 }, { $0.alpha = 4 }, { $0.targets = ["key"] }, { $0.layers = [0] }, { $0.usesRSLoRA = true },
            { $0.bias = .loraOnly }, { $0.alphaPattern = ["query": 4] },
        ]
        for change in changes {
            #expect {
                try task.trainer(change).train(task.rows, validation: [], startingFrom: start)
            } throws: { error in
                if case .startDoesNotFit? = error as? TrainingError { true } else { false }
            }
        }
        // All layers by name are all layers.
        _ = try task.trainer {
            $0.layers = [1, 0]
            $0.epochs = 1
        }.train(task.rows, validation: [], startingFrom: start)
    }

    @Test func distilBERTLearnsAndGoesOn() throws {
        let folder = try TestModels.tinyBase(.distilbert, words: ToyTask.colours + ["the", "a", "is", "of"])
        let base = try BERTBase(directory: folder.path)
        let tokenizer = try WordPieceTokenizer(directory: folder.path)
        let rows = ToyTask.rows(96, seed: 3)
        var settings = try ToyTask().settings()
        let first = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings).train(
            rows, validation: rows)
        #expect(try #require(first.evaluation).accuracy > 0.95)
        settings.epochs = 1
        let second = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
            .train(rows, validation: [], startingFrom: first.adapter)
        #expect(second.epochs[0].loss < first.epochs[0].loss / 2)
    }

    @Test func aTokenizerOfAnotherBaseIsRefused() throws {
        let task = try ToyTask(rows: 16)
        let larger = try WordPieceTokenizer(directory: TestModels.base)
        #expect {
            try AdapterTrainer(base: task.base, tokenizer: larger, settings: task.settings()).train(
                task.rows, validation: [])
        } throws: { error in
            if case .tokenizerDoesNotFit(tokens: 30_522, _)? = error as? TrainingError { true } else { false }
        }
    }

    @Test func labelsOnlyInTheValidationRowsCountAsWrong() throws {
        let task = try ToyTask()
        let validation = ToyTask.rows(30, seed: 9) + [LabelledText(text: "the x", label: "violet")]
        let candidate = try task.trainer().train(task.rows, validation: validation)
        let evaluation = try #require(candidate.evaluation)
        #expect(evaluation.labels == ["blue", "green", "red", "violet"])
        #expect(evaluation.perLabel[3].recall == 0)
        #expect(evaluation.accuracy <= 30.0 / 31)
    }

    @Test func progressCountsUpToTheLastStep() throws {
        let task = try ToyTask(rows: 20)
        var last: TrainingProgress?
        _ = try task.trainer { $0.epochs = 2 }.train(
            task.rows, validation: [],
            progress: { progress in
                #expect(progress.step >= last?.step ?? 0)
                #expect(progress.steps == 6)
                #expect(progress.secondsLeft >= 0)
                last = progress
            })
        #expect(last?.step == 6)
        #expect(last?.fraction == 1)
        #expect(last?.finishedEpoch?.epoch == 2)
        #expect(last?.secondsLeft == 0)
    }

    // MARK: - Endings that are none

    private func refusal(
        rows: [LabelledText]? = nil, labels: [String]? = nil, _ change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingError? {
        let task = try ToyTask(rows: 16)
        do {
            _ = try task.trainer(change).train(rows ?? task.rows, validation: [], labels: labels)
            return nil
        } catch {
            return error
        }
    }

    @Test func rowsThatCannotBeLearnedFromAreRefused() throws {
        #expect(try refusal(rows: []) == .noRows)
        #expect(
            try refusal(rows: [LabelledText(text: "a", label: "x"), LabelledText(text: "b", label: "x")])
                == .oneLabel("x"))
        #expect(try refusal(labels: ["red", "blue"]) == .unknownLabel("green"))
        #expect(
            try refusal(labels: ["red", "green", "blue", "red"]) == .invalidLabels(reason: "one of them is given twice")
        )
        #expect(try refusal(labels: ["red", "green", "blue", ""]) == .invalidLabels(reason: "one of them is empty"))
    }

    @Test func settingsThatCannotBeAreRefused() throws {
        let changes: [(String, (inout TrainingSettings) -> Void)] = [
            ("epochs", { $0.epochs = 0 }), ("batch", { $0.batchSize = 0 }), ("rate", { $0.learningRate = 0 }),
            ("rate", { $0.learningRate = .nan }), ("weight_decay", { $0.weightDecay = -1 }),
            ("warmup", { $0.warmup = 1.5 }),
            ("dropout", { $0.dropout = 1 }), ("clip", { $0.clipping = .infinity }),
            ("max_tokens", { $0.maxTokens = 65 }),
            ("max_tokens", { $0.maxTokens = 1 }), ("steps", { $0.steps = 0 }),
            ("accumulation", { $0.accumulation = 0 }),
            ("lora_plus_ratio", { $0.loraPlusRatio = 0 }),
        ]
        for (name, change) in changes {
            guard case .invalidSetting(name, _) = try refusal(change) else {
                Issue.record("\(name) was accepted")
                continue
            }
        }
        #expect(try refusal { $0.targets = ["quarry"] } != nil)
        #expect(try refusal { $0.layers = [7] } != nil)
        #expect(try refusal { $0.rank = 0 } != nil)
    }

    @Test func aLossThatIsNoNumberStopsAndNamesTheBatch() throws {
        let error = try refusal {
            $0.learningRate = 1e38
            $0.weightDecay = 0
            $0.warmup = 0
        }
        guard case .notFinite(let epoch, let batch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(epoch >= 1 && batch >= 1)
        #expect(try #require(error).description.contains("batch \(batch) of epoch \(epoch)"))
    }

    @Test func cancellingStopsBeforeTheNextStep() throws {
        let task = try ToyTask(rows: 32)
        var asked = 0
        #expect(throws: TrainingError.cancelled) {
            try task.trainer().train(
                task.rows, validation: [],
                isCancelled: {
                    asked += 1
                    return asked > 2
                })
        }
        #expect(asked == 3)
    }
}
