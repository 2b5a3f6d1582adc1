import BERT
import Foundation
import TestSupport
import Testing

@testable import Training

/// What each setting does to a training.
struct TrainingSettingsTests {
    @Test func batchesAddedUpAreOneLargerBatch() throws {
        let task = try ToyTask(rows: 50)
        func weights(batch: Int, accumulation: Int) throws -> [UInt8] {
            try task.trainer {
                $0.epochs = 2
                $0.batchSize = batch
                $0.accumulation = accumulation
            }.train(task.rows, validation: []).adapter.weights
        }
        let whole = try weights(batch: 8, accumulation: 1)
        #expect(try weights(batch: 4, accumulation: 2) == whole)
        #expect(try weights(batch: 4, accumulation: 1) != whole)
    }

    @Test(arguments: [(1, 1), (6, 1), (7, 2), (13, 3)]) func stepsEndATrainingAlsoInMidEpoch(steps: Int, epochs: Int)
        throws
    {
        let task = try ToyTask(rows: 48)
        var last = 0
        let candidate = try task.trainer { $0.steps = steps }.train(
            task.rows, validation: [], progress: { last = $0.step })
        #expect(candidate.epochs.count == epochs)
        #expect(last == steps)
    }

    @Test func aNumberOfStepsThatMakesEpochsEqualsThem() throws {
        let task = try ToyTask(rows: 48)
        let epochs = try task.trainer { $0.epochs = 2 }.train(task.rows, validation: []).adapter.weights
        #expect(try task.trainer { $0.steps = 12 }.train(task.rows, validation: []).adapter.weights == epochs)
    }

    @Test func everySettingOfTheShapeReachesTheAdapter() throws {
        let task = try ToyTask(rows: 24)
        let adapter = try task.trainer {
            $0.epochs = 1
            $0.usesRSLoRA = true
            $0.bias = .loraOnly
            $0.initialization = .gaussian
            $0.layers = [1]
            $0.targets = ["dense", "query"]
        }.train(task.rows, validation: []).adapter
        let configuration = adapter.manifest.configuration
        #expect(configuration.useRSLoRA && configuration.bias == .loraOnly && configuration.initialization == .gaussian)
        #expect(configuration.layers == [1] && configuration.targets == ["dense", "query"])

        let folder = try TemporaryFolder()
        try adapter.write(to: folder.path + "/adapter")
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/adapter/adapter_config.json"))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["init_lora_weights"] as? String == "gaussian")
        #expect(json["bias"] as? String == "lora_only" && json["use_rslora"] as? Bool == true)
        #expect(try Adapter.load(directory: folder.path + "/adapter", base: task.base).digest == adapter.digest)
    }

    @Test func gaussianStartsAreNormalWithOneByRank() throws {
        let task = try ToyTask(rows: 3)
        let configuration = LoRAConfiguration(rank: 64, alpha: 8, initialization: .gaussian)
        let adapter = try TrainableAdapter(base: task.base, configuration: configuration, labels: ["a", "b"], seed: 4)
        let values = adapter.tensors.filter { $0.name.hasSuffix("lora_A.weight") }.flatMap { adapter.values[$0.range] }
        let squares = values.reduce(0) { $0 + Double($1 * $1) } / Double(values.count)
        #expect(abs(squares.squareRoot() * 64 - 1) < 0.05)
        #expect(abs(values.reduce(0) { $0 + Double($1) }) / Double(values.count) < 0.001)
        #expect(
            adapter.tensors.filter { $0.name.hasSuffix("lora_B.weight") }.allSatisfy {
                adapter.values[$0.range].allSatisfy { $0 == 0 }
            })
    }

    @Test func loraPlusStepsBAndBiasesFaster() throws {
        let task = try ToyTask(rows: 3)
        func stepped(ratio: Float) throws -> (before: [Float], after: [Float], tensors: [AdapterTensor]) {
            let configuration = LoRAConfiguration(rank: 2, alpha: 4, bias: .loraOnly)
            let adapter = try TrainableAdapter(
                base: task.base, configuration: configuration, labels: ["a", "b"], seed: 4)
            let before = Array(adapter.values)
            let gradient = FloatBuffer(count: adapter.parameterCount)
            for index in 0..<gradient.count { gradient.start[index] = index % 2 == 0 ? 0.5 : -0.25 }
            var optimizer = AdapterOptimizer(adapter, weightDecay: 0, clipping: 0, loraPlusRatio: ratio)
            #expect(optimizer.step([gradient], rate: 0.01).isFinite)
            return (before, Array(adapter.values), adapter.tensors)
        }
        let (plain, plus) = (try stepped(ratio: 1), try stepped(ratio: 8))
        for tensor in plain.tensors {
            let factor: Float = tensor.name.hasSuffix("lora_B.weight") || tensor.name.hasSuffix("bias") ? 8 : 1
            for index in tensor.range {
                let (single, faster) = (
                    plain.after[index] - plain.before[index], plus.after[index] - plus.before[index]
                )
                #expect(abs(faster - factor * single) < 1e-5 * factor, "\(tensor.name)")
                #expect(single != 0)
            }
        }
    }

    @Test func clippingBoundsTheStepOfPlainGradients() throws {
        // Adam itself does not see a gradient's scale, so that the moments are looked at: through a second, opposite
        // step.
        let task = try ToyTask(rows: 48)
        func weights(_ clipping: Float) throws -> [UInt8] {
            try task.trainer {
                $0.epochs = 1
                $0.clipping = clipping
            }.train(task.rows, validation: []).adapter.weights
        }
        #expect(try weights(0) == weights(1e6))
        #expect(try weights(0) != weights(0.1))
    }

    @Test(arguments: TrainingSettings.Schedule.allCases) func everyScheduleLearns(schedule: TrainingSettings.Schedule)
        throws
    {
        let task = try ToyTask(rows: 192)
        let candidate = try task.trainer {
            $0.schedule = schedule
            $0.warmup = 0.1
        }.train(task.rows, validation: ToyTask.rows(48, seed: 9))
        #expect(try #require(candidate.evaluation).accuracy > 0.95)
    }

    @Test func anUnknownTargetNamesThoseOfTheBase() throws {
        let task = try ToyTask(rows: 24)
        #expect {
            try task.trainer { $0.targets = ["q_lin"] }.train(task.rows, validation: [])
        } throws: { error in
            let text = (error as? TrainingError)?.description ?? ""
            return text.contains("\"q_lin\"") && text.contains("query, key, value, attention.output.dense")
        }
    }

    // MARK: - Warm starts

    @Test func aStartOfAnyShapeCanBeTakenOver() throws {
        let task = try ToyTask()
        let configuration = LoRAConfiguration(
            rank: 3, alpha: 5, targets: ["dense", "query"], useRSLoRA: true, rankPattern: ["query": 2],
            alphaPattern: ["query": 7],
            bias: .loraOnly)
        let start = try TestModels.adapter(
            over: task.base, labels: ["blue", "green", "red"], configuration: configuration)
        var settings = task.settings { $0.epochs = 1 }
        settings.takeShape(of: start.manifest.configuration)
        let candidate = try AdapterTrainer(base: task.base, tokenizer: task.tokenizer, settings: settings)
            .train(task.rows, validation: [], startingFrom: start)
        var expected = start.manifest.configuration
        expected.dropout = Double(settings.dropout)
        #expect(candidate.adapter.manifest.configuration == expected)
        #expect(candidate.adapter.digest != start.digest)
    }

    @Test func newLabelsComeBehindThoseOfTheStart() throws {
        let task = try ToyTask()
        let start = try task.trainer().train(task.rows, validation: [], labels: ["red", "green", "blue"]).adapter
        let grown =
            task.rows + (0..<24).map { LabelledText(text: "a 9 of \($0) 9", label: $0 % 2 == 0 ? "aa" : "nine") }
        let candidate = try task.trainer { $0.epochs = 1 }.train(grown, validation: [], startingFrom: start)
        #expect(candidate.adapter.labels == ["red", "green", "blue", "aa", "nine"])
    }

    @Test func aLabelOfTheStartThatIsGoneIsNamed() throws {
        let task = try ToyTask()
        let start = try task.trainer { $0.epochs = 1 }.train(task.rows, validation: []).adapter
        let fewer = task.rows.filter { $0.label != "green" }
        #expect(throws: TrainingError.startHasOtherLabels(["green"])) {
            try task.trainer().train(fewer, validation: [], startingFrom: start)
        }
        #expect(throws: TrainingError.startHasOtherLabels(["green"])) {
            try task.trainer().train(fewer, validation: [], labels: ["red", "blue"], startingFrom: start)
        }
        #expect(TrainingError.startHasOtherLabels((1...7).map { "l\($0)" }).description.contains("\"l5\" and 2 more"))
    }

    @Test func aStartOverAnotherBaseIsRefused() throws {
        let task = try ToyTask()
        let other = try TinyModel(seed: 5).adapter(labels: ["blue", "green", "red"])
        #expect {
            try task.trainer().train(task.rows, validation: [], startingFrom: other)
        } throws: { error in
            if case .adapter(.anotherBase)? = error as? TrainingError { true } else { false }
        }
    }
}
