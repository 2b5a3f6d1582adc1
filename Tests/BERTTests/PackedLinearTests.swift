import Kernels
import TestSupport
import Testing

@testable import BERT

/// Whether the vector kernels or BLAS multiply makes no difference but in the last bits.
struct PackedLinearTests {
    private let rows = 19

    private func storage(_ count: Int, _ random: inout SplitMix64) -> FloatStorage {
        FloatStorage((0..<count).map { _ in Float(random.next() >> 40) * 0x1p-23 - 1 })
    }

    private func both(inputs: Int, width: Int, parts: Int, seed: UInt64) -> (packed: PackedLinear, plain: PackedLinear)
    {
        var random = SplitMix64(seed: seed)
        let weight = storage(parts * width * inputs, &random)
        let bias = storage(parts * width, &random)
        func linear(_ packs: Bool) -> PackedLinear {
            PackedLinear(inputs: inputs, outputs: parts * width, parts: parts, weight: weight, bias: bias, packs: packs)
        }
        return (linear(true), linear(false))
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)])
    func partsOfTheOutputsCanBeAskedForAlone(inputs: Int, width: Int, parts: Int) {
        let (packed, plain) = both(inputs: inputs, width: width, parts: parts, seed: 51)
        var random = SplitMix64(seed: 52)
        let x = storage(rows * inputs, &random)
        for first in 0..<parts {
            for last in first..<parts {
                let columns = first * width..<(last + 1) * width
                let results = [packed, plain].map { linear in
                    var y = [Float](repeating: .nan, count: rows * columns.count)
                    linear.forward(
                        rows: rows, x: x.pointer, xStride: inputs, y: &y, yStride: columns.count, columns: columns)
                    return y
                }
                #expect(deviation([results[0]], [results[1]]) < 1e-5, "\(columns)")
            }
        }
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)], [false, true])
    func gradientsOfTheInputsAgree(layer: (inputs: Int, width: Int, parts: Int), accumulate: Bool) {
        let (packed, plain) = both(inputs: layer.inputs, width: layer.width, parts: layer.parts, seed: 53)
        var random = SplitMix64(seed: 54)
        let dy = storage(rows * packed.outputs, &random)
        let before = storage(rows * layer.inputs, &random)
        let results = [packed, plain].map { linear in
            var dx = accumulate ? Array(before.buffer) : [Float](repeating: .nan, count: before.count)
            linear.backwardInput(
                rows: rows, dy: dy.pointer, dyStride: packed.outputs, dx: &dx, dxStride: layer.inputs,
                accumulate: accumulate)
            return dx
        }
        #expect(deviation([results[0]], [results[1]]) < 1e-5)
    }

    @Test func theWeightsCanBeReadBack() {
        let (packed, plain) = both(inputs: 40, width: 24, parts: 3, seed: 55)
        func weights(_ linear: PackedLinear) -> [Float] {
            linear.withWeights { Array(UnsafeBufferPointer(start: $0, count: linear.outputs * linear.inputs)) }
        }
        #expect(weights(packed) == weights(plain))
    }
}
