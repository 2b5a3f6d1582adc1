import BERT
import TestSupport
import Testing

@testable import Training

/// Training and evaluation on the windows of long texts.
struct LongTextTrainingTests {
    private static let longTexts = LongTexts(window: 16, stride: 12, pool: .max)
    private static let averaged = LongTexts(window: 16, stride: 12, pool: .mean)

    /// Documents of 40 words, one of which decides: anywhere, so that a cut misses most of them.
    private static func documents(_ count: Int, seed: UInt64) -> [LabelledText] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { index in
            let colour = ToyTask.colours[index % 3]
            var words = (0..<39).map { _ in ["the", "a", "is", "of"][Int.random(in: 0..<4, using: &random)] }
            words.insert(colour, at: Int.random(in: 0...39, using: &random))
            return LabelledText(text: words.joined(separator: " "), label: colour)
        }
    }

    private func encoder(_ task: ToyTask, _ longTexts: LongTexts? = longTexts) -> TextEncoder {
        TextEncoder(tokenizer: task.tokenizer, maxTokens: 16, longTexts: longTexts)
    }

    @Test func eachWindowIsARowThatCountsForItsShare() throws {
        let task = try ToyTask(rows: 3)
        let texts = [LabelledText(text: "red", label: "red")] + Self.documents(3, seed: 1)
        let rows = try TrainingRows(texts, labels: nil, encoder: encoder(task, Self.averaged))
        #expect(rows.textCount == 4 && rows.targets.count == 1 + 3 * 4)
        #expect(rows.rows(ofText: 0) == 0..<1 && rows.rows(ofText: 3) == 9..<13)
        #expect(rows.weights == [1] + [Float](repeating: 0.25, count: 12))
        #expect(rows.targets.at([0, 1, 4, 5]) == .classes([2, 2, 2, 1]))
        #expect(rows.exampleCount == 13 && TrainingCriterion().weight(of: 0..<13, rows) == 4)
        // Without long texts nothing is weighted.
        let short = try TrainingRows(task.rows, labels: nil, encoder: encoder(task))
        #expect(short.weights == nil && short.rows(ofText: 2) == 2..<3 && short.textCount == 3)
    }

    /// The windows of an example stay together, in batches and in shares.
    @Test func aTextWhoseBestWindowCountsIsOneExample() throws {
        let task = try ToyTask(rows: 3)
        let texts = [LabelledText(text: "red", label: "red")] + Self.documents(3, seed: 1)
        let rows = try TrainingRows(texts, labels: nil, encoder: encoder(task))
        #expect(rows.pooledLoss == .max && rows.exampleCount == 4 && rows.targets.count == 13)
        #expect(rows.rows(ofExample: 0) == 0..<1 && rows.rows(ofExample: 3) == 9..<13)
        #expect(rows.exampleLengths.first == 3 && rows.exampleLengths.reduce(0, +) == rows.lengths.reduce(0, +))
        var criterion = TrainingCriterion()
        #expect(criterion.weight(of: 0..<4, rows) == 4)
        criterion.classWeights = [1, 1, 5]
        #expect(criterion.weight(of: [0, 3], rows) == 6)
    }

    /// However many workers share a batch, the loss is that of the texts one by one.
    @Test func workersGiveTheGradientOfTheTexts() throws {
        let task = try ToyTask(rows: 3)
        let texts = Self.documents(5, seed: 1) + [LabelledText(text: "blue", label: "blue")]
        let rows = try TrainingRows(texts, labels: nil, encoder: encoder(task))
        let adapter = try TrainableAdapter(
            base: task.base, configuration: LoRAConfiguration(rank: 2, alpha: 4), labels: rows.labels, seed: 1)
        func gradient(_ shares: [[Int]]) -> (loss: Double, values: [Float]) {
            var sum = [Float](repeating: 0, count: adapter.parameterCount)
            var loss = 0.0
            var first = 0
            for examples in shares {
                let worker = TrainingWorker(
                    base: task.base, adapter: adapter, rows: rows,
                    cache: HiddenStateCache(
                        lengths: rows.lengths, hidden: task.base.configuration.hidden, memoryBytes: 0, fileBytes: 0))
                worker.compute(
                    .init(examples: examples, firstSequence: first, lossScale: 0.5, dropout: nil))
                loss += worker.loss
                for (place, value) in worker.gradient.values.enumerated() { sum[place] += value }
                first += examples.reduce(0) { $0 + rows.rows(ofExample: $1).count }
            }
            return (loss, sum)
        }
        let whole = gradient([[0, 1, 2, 3, 4, 5]])
        let parts = gradient([[5, 0], [4], [3, 1, 2]])
        #expect(whole.loss > 0 && abs(whole.loss - parts.loss) < 1e-4)
        let largest = whole.values.map { abs($0) }.max() ?? 0
        #expect(zip(whole.values, parts.values).allSatisfy { abs($0 - $1) < 1e-4 * max(largest, 1e-3) })
    }

    @Test func balancedWeightsCountTextsAndNotWindows() throws {
        let task = try ToyTask(rows: 3)
        let texts = Self.documents(1, seed: 1) + [LabelledText(text: "blue", label: "blue")]
        let rows = try TrainingRows(texts, labels: nil, encoder: encoder(task))
        var settings = TrainingSettings()
        settings.classWeighting = .balanced
        #expect(try TrainingCriterion(settings, rows).classWeights == [1, 1])
    }

    @Test func windowsFindWhatACutMisses() throws {
        let task = try ToyTask()
        let (training, held) = (Self.documents(150, seed: 1), Self.documents(60, seed: 2))
        func train(_ longTexts: LongTexts?) throws -> AdapterCandidate {
            try task.trainer {
                $0.maxTokens = 16
                $0.longTexts = longTexts
                ($0.learningRate, $0.epochs, $0.batchSize) = (3e-3, 24, 4)
            }.train(training, validation: held)
        }
        let cut = try #require(try train(nil).evaluation)
        let candidate = try train(Self.longTexts)
        let windows = try #require(candidate.evaluation)
        let both = "\(windows.accuracy), \(cut.accuracy) where texts are cut"
        #expect(windows.accuracy > 0.75 && windows.accuracy > cut.accuracy + 0.1, "\(both)")
        #expect(candidate.adapter.manifest.longTexts == Self.longTexts)
        #expect(candidate.trainingEvaluation.accuracy > 0.75)
        // The adapter says how long texts are read; what is given overrides that.
        let evaluator = Evaluator(base: task.base, tokenizer: task.tokenizer, workers: 2, maxTokens: 16)
        #expect(evaluator.evaluate(held, adapter: candidate.adapter).accuracy == windows.accuracy)
        let asCut = Evaluator(
            base: task.base, tokenizer: task.tokenizer, workers: 2, maxTokens: 16, longTexts: .cut)
        #expect(asCut.evaluate(held, adapter: candidate.adapter).accuracy < windows.accuracy)
    }

    @Test func aTrainingWithWindowsGivesTheSameBitsAndIsNotResumedWithout() throws {
        let task = try ToyTask()
        let rows = Self.documents(24, seed: 3)
        func trainer(_ longTexts: LongTexts?) -> AdapterTrainer {
            task.trainer {
                $0.epochs = 1
                $0.longTexts = longTexts
            }
        }
        let one = try trainer(Self.longTexts).train(rows, validation: [])
        let two = try trainer(Self.longTexts).train(rows, validation: [])
        #expect(one.adapter.digest == two.adapter.digest)
        var checkpoint: TrainingCheckpoint?
        #expect(throws: TrainingError.cancelled) {
            try trainer(Self.longTexts).train(rows, validation: [], save: { checkpoint = $0 }, stoppingAfter: 2)
        }
        let saved = try #require(checkpoint)
        let resumed = try trainer(Self.longTexts).train(rows, validation: [], resumingFrom: saved)
        #expect(resumed.adapter.digest == one.adapter.digest)
        #expect(throws: (any Error).self) { try trainer(nil).train(rows, validation: [], resumingFrom: saved) }
    }

    @Test(arguments: [
        (LongTexts(window: 128), "long_texts.window"), (LongTexts(window: 32, stride: 33), "long_texts.stride"),
    ])
    func windowsThatCannotBeAreRefused(longTexts: LongTexts, key: String) throws {
        let task = try ToyTask()
        #expect {
            try task.trainer { $0.longTexts = longTexts }.train(task.rows, validation: [])
        } throws: { error in
            if case .invalidSetting(key, _)? = error as? TrainingError { true } else { false }
        }
    }

    @Test func aWeightedSequenceIsThatPartOfItsLoss() throws {
        let task = try ToyTask()
        let adapter = try TrainableAdapter(
            base: task.base, configuration: LoRAConfiguration(rank: 2, alpha: 4), labels: ["a", "b"], seed: 1)
        let pass = TrainingPass(base: task.base, adapter: adapter)
        let batch = PackedBatch([[2, 5, 3], [2, 6, 7, 3]])
        for targets in [TextTargets.classes([0, 1]), .sets([[0], [0, 1]])] {
            func gradient(_ weights: [Float]?, _ sequences: [Int]) -> (loss: Float, values: [Float]) {
                var values = [Float](repeating: 0, count: adapter.parameterCount)
                let part = PackedBatch(sequences.map { Array(batch.tokenIDs[batch.range(of: $0)]) })
                let loss = values.withUnsafeMutableBufferPointer {
                    pass.accumulateGradient(
                        batch: part, targets: targets.at(sequences), textWeights: weights, into: $0)
                }
                return (loss, values)
            }
            let (first, second) = (gradient(nil, [0]), gradient(nil, [1]))
            let both = gradient([0.25, 2], [0, 1])
            #expect(abs(both.loss - (0.25 * first.loss + 2 * second.loss)) < 1e-5)
            for (sum, parts) in zip(both.values, zip(first.values, second.values)) {
                #expect(abs(sum - (0.25 * parts.0 + 2 * parts.1)) < 1e-4)
            }
        }
    }
}
