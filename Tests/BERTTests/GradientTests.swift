import Foundation
import Kernels
import Testing

@testable import BERT

/// Gradients against what PyTorch computed, and against differences of the loss.
struct GradientTests {
    @Test(arguments: [
        ("bert", "plain"), ("bert", "patterns"), ("bert", "everything"), ("bert", "biases"), ("bert", "top"),
        ("distilbert", "plain"),
        ("distilbert", "everything"), ("bert-odd", "rank1"), ("distilbert-odd", "patterns"),
        ("distilbert-odd", "biases"),
    ])
    func gradientsEqualThoseOfPyTorch(base: String, name: String) throws {
        let fixture = try Fixture(base)
        let expected = try #require(fixture.cases[name]?.gradient)
        let adapter = try TrainableAdapter(continuing: try fixture.adapter(name), base: fixture.base)
        let (loss, gradient) = run(adapter, fixture, expected)
        #expect(abs(Double(loss) - expected.loss) < 1e-4 * abs(expected.loss))
        let tensors = try fixture.gradients(name)
        #expect(tensors.count == adapter.tensors.count)
        for tensor in adapter.tensors {
            let values = try #require(tensors[tensor.name.replacing("base_layer.", with: "")], "\(tensor.name)")
            #expect(deviation(Array(gradient[tensor.range]), values) < 1e-4, "\(tensor.name)")
        }
    }

    private func run(_ adapter: TrainableAdapter, _ fixture: Fixture, _ expected: Fixture.Gradient, tokens: Int = 512)
        -> (Float, [Float])
    {
        let pass = TrainingPass(base: fixture.base, adapter: adapter, maximumTokens: tokens)
        return gradient(adapter) { buffer in
            pass.accumulateGradient(
                batch: PackedBatch(fixture.sequences), targets: expected.targets, classWeights: expected.weights,
                labelSmoothing: expected.smoothing ?? 0, into: buffer)
        }
    }

    private func gradient(_ adapter: TrainableAdapter, _ body: (UnsafeMutableBufferPointer<Float>) -> Float) -> (
        Float, [Float]
    ) {
        var values = [Float](repeating: 0, count: adapter.parameterCount)
        let loss = values.withUnsafeMutableBufferPointer { body($0) }
        return (loss, values)
    }

    @Test(arguments: [TextTargets.classes([0, 1, 2, 0, 1, 2]), .sets([[0], [0, 2], [], [1], [0, 1, 2], [2]])])
    func gradientsAreThoseOfCentralDifferencesUnderDropout(targets: TextTargets) throws {
        let fixture = try Fixture("bert")
        var configuration = LoRAConfiguration(rank: 3, alpha: 6, dropout: 0.2, targets: ["all-linear"], bias: .loraOnly)
        configuration.layers = nil
        let adapter = try TrainableAdapter(
            base: fixture.base, configuration: configuration, labels: ["a", "b", "c"], seed: 3)
        randomize(adapter, seed: 5)
        let pass = TrainingPass(
            base: fixture.base, adapter: adapter, dropout: DropoutRates(hidden: 0.1, attention: 0.2, classifier: 0.1))
        expectCentralDifferences(adapter) {
            gradient(adapter) { buffer in
                pass.accumulateGradient(
                    batch: PackedBatch(fixture.sequences), targets: targets, dropout: DropoutKey(seed: 9), into: buffer)
            }
        }
    }

    /// Of four labels, the teacher knows two.
    @Test(arguments: [false, true]) func gradientsOfDistillationAreThoseOfCentralDifferences(isMultiLabel: Bool) throws
    {
        let fixture = try Fixture("bert")
        let configuration = LoRAConfiguration(rank: 3, alpha: 6, dropout: 0.2, targets: ["query", "value"])
        let adapter = try TrainableAdapter(
            base: fixture.base, configuration: configuration, labels: ["a", "b", "c", "d"], seed: 3)
        randomize(adapter, seed: 5)
        let pass = TrainingPass(base: fixture.base, adapter: adapter, maximumTokens: 16)
        let shares: [Float] = [0.9, 0.1, 0.5, 0.5, 0, 1, 0.2, 0.8, 0.99, 0.01, 0.3, 0.7]
        let targets = SoftTargets(
            places: [3, 1], temperature: 2, isMultiLabel: isMultiLabel, probabilities: shares)
        #expect(targets.count == 6 && targets.at([4, 0]).probabilities == [0.99, 0.01, 0.9, 0.1])
        func run() -> (Float, [Float]) {
            gradient(adapter) { buffer in
                pass.accumulateGradient(
                    batch: PackedBatch(fixture.sequences), softTargets: targets, dropout: DropoutKey(seed: 9),
                    into: buffer)
            }
        }
        expectCentralDifferences(adapter, run)
        // The rows of the head of labels without a target do not move.
        let head = try #require(adapter.tensors.first { $0.name.hasSuffix("classifier.weight") })
        let width = head.range.count / 4
        let rows = (0..<4).map {
            run().1[head.range][head.range.lowerBound + $0 * width..<head.range.lowerBound + ($0 + 1) * width]
        }
        #expect(rows.map { $0.contains { $0 != 0 } } == [false, true, false, true])
    }

    /// Of a text in windows, as one piece and as several.
    @Test(arguments: [LongTexts.Pool.max, .mean], [TextTargets.classes([2]), .sets([[0, 2]])])
    func gradientsOfWindowsAreThoseOfCentralDifferences(pool: LongTexts.Pool, targets: TextTargets) throws {
        let fixture = try Fixture("bert")
        let adapter = try TrainableAdapter(
            base: fixture.base, configuration: LoRAConfiguration(rank: 3, alpha: 6, dropout: 0.2, bias: .loraOnly),
            labels: ["a", "b", "c"], seed: 3)
        randomize(adapter, seed: 5)
        let windows = PackedBatch(fixture.sequences)
        for tokens in [16, 512] {
            let pass = TrainingPass(
                base: fixture.base, adapter: adapter,
                dropout: DropoutRates(hidden: 0.1, attention: 0.2, classifier: 0.1), maximumTokens: tokens)
            expectCentralDifferences(adapter) {
                gradient(adapter) { buffer in
                    pass.accumulateGradient(
                        windows: windows, pool: pool, targets: targets, classWeights: [0.5, 1, 2], labelSmoothing: 0.1,
                        dropout: DropoutKey(seed: 9), into: buffer)
                }
            }
        }
    }

    /// The loss of one window is that of the same text as a sequence, also its masks.
    @Test func oneWindowIsASequence() throws {
        let fixture = try Fixture("bert")
        let adapter = try TrainableAdapter(
            continuing: try fixture.adapter("everything"), base: fixture.base, dropout: 0.3)
        let pass = TrainingPass(base: fixture.base, adapter: adapter)
        let one = PackedBatch(fixture.sequences[2..<3])
        let key = DropoutKey(seed: 4)
        let sequence = gradient(adapter) {
            pass.accumulateGradient(batch: one, targets: [1], lossScale: 3, dropout: key, firstSequence: 7, into: $0)
        }
        let window = gradient(adapter) {
            pass.accumulateGradient(
                windows: one, pool: .max, targets: .classes([1]), lossScale: 3, dropout: key, firstSequence: 7,
                into: $0)
        }
        #expect(deviation(window.1, sequence.1) < 1e-5 && abs(window.0 - sequence.0) < 1e-5)
    }

    /// Checks the gradient of a loss along each tensor.
    private func expectCentralDifferences(_ adapter: TrainableAdapter, _ run: () -> (Float, [Float])) {
        let analytic = run().1
        for tensor in adapter.tensors {
            // Along the gradient of one tensor: the loss must change by its squared length.
            let range = tensor.range
            let length = analytic[range].reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
            guard length > 1e-3 else { continue }
            let step: Float = 2e-3
            let original = Array(adapter.values[range])
            func move(_ sign: Float) -> Float {
                for index in range {
                    adapter.values[index] = original[index - range.lowerBound] + sign * step * analytic[index] / length
                }
                defer { for index in range { adapter.values[index] = original[index - range.lowerBound] } }
                return run().0
            }
            let difference = (move(1) - move(-1)) / (2 * step)
            #expect(abs(difference - length) < 0.02 * length + 2e-3, "\(tensor.name)")
        }
    }

    private func randomize(_ adapter: TrainableAdapter, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for index in adapter.values.indices { adapter.values[index] += 0.2 * random.normal() }
    }

    @Test func piecesGiveTheGradientOfTheWhole() throws {
        let fixture = try Fixture("bert")
        let adapter = try TrainableAdapter(
            continuing: try fixture.adapter("everything"), base: fixture.base, dropout: 0.3)
        let key = DropoutKey(seed: 4)
        func run(_ sequences: Range<Int>, tokens: Int, into buffer: UnsafeMutableBufferPointer<Float>) -> Float {
            TrainingPass(base: fixture.base, adapter: adapter, maximumTokens: tokens).accumulateGradient(
                batch: PackedBatch(fixture.sequences[sequences]), targets: sequences.map { $0 % 4 }, dropout: key,
                firstSequence: sequences.lowerBound, into: buffer)
        }
        let whole = gradient(adapter) { run(0..<6, tokens: 512, into: $0) }
        let small = gradient(adapter) { run(0..<6, tokens: 8, into: $0) }
        let shared = gradient(adapter) { run(0..<2, tokens: 512, into: $0) + run(2..<6, tokens: 512, into: $0) }
        #expect(deviation(small.1, whole.1) < 1e-5)
        #expect(deviation(shared.1, whole.1) < 1e-5)
        #expect(abs(small.0 - whole.0) < 1e-4 && abs(shared.0 - whole.0) < 1e-4)
    }

    @Test func keptHiddenStatesGiveTheSameBits() throws {
        let fixture = try Fixture("bert")
        let adapter = try TrainableAdapter(continuing: try fixture.adapter("patterns"), base: fixture.base)
        let batch = PackedBatch(fixture.sequences)
        let states = InferencePass(base: fixture.base).hiddenStates(below: adapter.lowestLayer, batch)
        let pass = TrainingPass(base: fixture.base, adapter: adapter)
        let targets = fixture.sequences.indices.map { $0 % 2 }
        let computed = gradient(adapter) {
            pass.accumulateGradient(batch: batch, targets: targets, dropout: DropoutKey(seed: 1), into: $0)
        }
        let kept = gradient(adapter) {
            pass.accumulateGradient(
                batch: batch, hiddenStates: states, targets: targets, dropout: DropoutKey(seed: 1), into: $0)
        }
        #expect(computed.1 == kept.1)
        #expect(computed.0 == kept.0)
    }

    @Test func dropoutIsAFunctionOfTheSeed() throws {
        let fixture = try Fixture("distilbert")
        let adapter = try TrainableAdapter(continuing: try fixture.adapter("plain"), base: fixture.base, dropout: 0.1)
        let pass = TrainingPass(base: fixture.base, adapter: adapter)
        func run(_ key: DropoutKey?) -> [Float] {
            gradient(adapter) {
                pass.accumulateGradient(
                    batch: PackedBatch(fixture.sequences), targets: [0, 1, 2, 0, 1, 2], dropout: key, into: $0)
            }.1
        }
        #expect(run(DropoutKey(seed: 1)) == run(DropoutKey(seed: 1)))
        #expect(run(DropoutKey(seed: 1)) != run(DropoutKey(seed: 2)))
        #expect(run(DropoutKey(seed: 1)) != run(nil))
    }

    @Test func headAloneLearnsWithoutAnyLayer() throws {
        let fixture = try Fixture("bert")
        let configuration = LoRAConfiguration(rank: 2, alpha: 2, targets: ["pooler.dense"])
        let adapter = try TrainableAdapter(
            base: fixture.base, configuration: configuration, labels: ["a", "b"], seed: 1)
        #expect(adapter.lowestLayer == 3)
        randomize(adapter, seed: 2)
        let pass = TrainingPass(base: fixture.base, adapter: adapter)
        let result = gradient(adapter) {
            pass.accumulateGradient(batch: PackedBatch(fixture.sequences), targets: [0, 1, 0, 1, 0, 1], into: $0)
        }
        for tensor in adapter.tensors { #expect(result.1[tensor.range].contains { $0 != 0 }, "\(tensor.name)") }
        // The loss is that of the logits of the inference pass.
        let logits = fixture.logits(try adapter.frozen())
        let loss = zip(logits, [0, 1, 0, 1, 0, 1]).map { -log(softmax($0)[$1]) }.reduce(0, +)
        #expect(abs(loss - result.0) < 1e-4)
    }
}
