import Kernels
import Testing

@testable import BERT

/// Bases in int8 against what PyTorch computed in float64 with the same rounding: see `Fixtures/make_int8_fixtures.py`.
///
/// The texts are those in which no value is near halfway between two steps. So float32 here and float64 there round
/// each value to the same step, and the results are as close as those of float32 bases. Beside that, what the rounding
/// changes is large. Each test checks this too: a base that rounds nothing would fail.
struct Int8ParityTests {
    /// Attention in float32, as in PyTorch.
    private static let int8 = BasePrecision(.int8, attention: .float32)
    private static let tolerance: Float = 1e-4
    private static let rounding: Float = 10 * tolerance
    /// Some roundings of 2⁻⁹ on the way.
    private static let roundedGradient: Float = 0.02
    private static let roundedAttention: Float = 0.05

    @Test(arguments: [
        ("bert", "plain"), ("bert", "patterns"), ("bert", "everything"), ("bert", "biases"), ("bert", "dora"),
        ("bert", "top"), ("bert-odd", "rank1"), ("bert-odd", "dora"), ("distilbert", "plain"),
        ("distilbert", "everything"), ("distilbert-odd", "patterns"), ("distilbert-odd", "biases"),
    ])
    func logitsEqualThoseOfPyTorch(base: String, name: String) throws {
        let expected = try #require(try Fixture.int8Cases(base)[name])
        let sequences = try #require(expected.sequences)
        func deviation(_ precision: BasePrecision) throws -> Float {
            let fixture = try Fixture(base, precision: precision)
            return BERTTests.deviation(fixture.logits(try fixture.adapter(name), sequences), expected.logits)
        }
        #expect(try deviation(Self.int8) < Self.tolerance)
        #expect(try deviation(.float32) > Self.rounding)
    }

    /// Attention in bfloat16 moves some values to their neighbouring steps, here and there.
    @Test(.enabled(if: hasBFloat16Attention, "takes AVX-512 BF16"), arguments: ["bert", "bert-odd", "distilbert"])
    func attentionInBFloat16ChangesLittle(base: String) throws {
        for (name, expected) in try Fixture.int8Cases(base) {
            let fixture = try Fixture(base, precision: BasePrecision(.int8))
            #expect(fixture.base.precision.attention == .bfloat16)
            let sequences = try #require(expected.sequences)
            let deviation = deviation(fixture.logits(try fixture.adapter(name), sequences), expected.logits)
            #expect(deviation > Self.tolerance && deviation < Self.roundedAttention, "\(name)")
        }
    }

    /// Gradients pass the rounding of the rows unchanged. On CPUs that multiply bfloat16 faster, they are rounded
    /// themselves, to 8 bits.
    @Test(arguments: [
        ("bert", "plain"), ("bert", "patterns"), ("bert", "everything"), ("bert", "biases"), ("bert", "top"),
        ("bert-odd", "rank1"), ("distilbert", "plain"), ("distilbert", "everything"), ("distilbert-odd", "patterns"),
        ("distilbert-odd", "biases"),
    ])
    func gradientsEqualThoseOfPyTorch(base: String, name: String) throws {
        let expected = try #require(try Fixture.int8Cases(base)[name])
        let gradient = try #require(expected.gradient)
        let sequences = try #require(expected.sequences)
        let rounded = try Fixture(base, precision: Self.int8)
        let int8 = try gradients(rounded, name, sequences, gradient)
        let fast = try gradients(rounded, name, sequences, gradient, in: .bfloat16)
        let float32 = try gradients(Fixture(base), name, sequences, gradient)
        #expect(abs(Double(int8.loss) - gradient.loss) < 1e-4 * abs(gradient.loss))
        let tensors = try Fixture(base).gradients(name, folder: "int8-gradients")
        #expect(tensors.count == int8.tensors.count)
        for (key, values) in tensors {
            #expect(deviation(try #require(int8.tensors[key]), values) < Self.tolerance, "\(key)")
            #expect(deviation(try #require(fast.tensors[key]), values) < Self.roundedGradient, "\(key)")
        }
        #expect(fast.loss == int8.loss && fast.tensors != int8.tensors)
        let changed = tensors.map { key, values in deviation(float32.tensors[key] ?? [], values) }
        #expect(changed.max() ?? 0 > Self.rounding)
    }

    /// The loss and its gradients by PEFT's keys, which for biases leave `base_layer` out.
    private func gradients(
        _ fixture: Fixture, _ name: String, _ sequences: [[Int32]], _ expected: Fixture.Gradient,
        in type: DataType = .float32
    ) throws -> (loss: Float, tensors: [String: [Float]]) {
        let adapter = try TrainableAdapter(continuing: try fixture.adapter(name), base: fixture.base)
        let pass = TrainingPass(base: fixture.base, adapter: adapter, gradients: type)
        var values = [Float](repeating: 0, count: adapter.parameterCount)
        let loss = values.withUnsafeMutableBufferPointer { buffer in
            pass.accumulateGradient(
                batch: PackedBatch(sequences), targets: expected.targets, classWeights: expected.weights,
                labelSmoothing: expected.smoothing ?? 0, into: buffer)
        }
        let tensors = adapter.tensors.map {
            ($0.name.replacing("base_layer.", with: ""), Array(values[$0.range]))
        }
        return (loss, Dictionary(uniqueKeysWithValues: tensors))
    }
}
