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

    private func linears(
        inputs: Int, width: Int, parts: Int, seed: UInt64
    ) throws -> (packed: PackedLinear, plain: PackedLinear, int8: PackedLinear) {
        var random = SplitMix64(seed: seed)
        let weight = storage(parts * width * inputs, &random)
        let bias = storage(parts * width, &random)
        func linear(_ dataType: DataType, packs: Bool) throws -> PackedLinear {
            try PackedLinear(
                inputs: inputs, outputs: parts * width, parts: parts, weight: weight, bias: bias, dataType: dataType,
                packs: packs)
        }
        return (
            try linear(.float32, packs: true), try linear(.float32, packs: false), try linear(.int8, packs: true)
        )
    }

    private func weights(_ linear: PackedLinear) -> [Float] {
        linear.withWeights { Array(UnsafeBufferPointer(start: $0, count: linear.outputs * linear.inputs)) }
    }

    /// The layer in float32 with the weights that the codes of another stand for.
    private func restored(_ linear: PackedLinear, parts: Int) throws -> PackedLinear {
        try PackedLinear(
            inputs: linear.inputs, outputs: linear.outputs, parts: parts, weight: FloatStorage(weights(linear)),
            bias: linear.bias, packs: false)
    }

    private func output(_ linear: PackedLinear, _ x: FloatStorage, columns: Range<Int>) -> [Float] {
        var y = [Float](repeating: .nan, count: rows * columns.count)
        linear.forward(
            rows: rows, x: x.pointer, xStride: linear.inputs, memory: Workspace(), y: &y, yStride: columns.count,
            columns: columns)
        return y
    }

    /// Each row of x as its codes stand for it.
    private func rounded(_ x: FloatStorage, columns: Int) -> FloatStorage {
        let codes = Workspace().codes(.entering, rows: rows, columns: columns)
        quantizeRows(rows: rows, columns: columns, x: x.pointer, xStride: columns, q: codes)
        let y = FloatStorage(count: rows * columns)
        codes.dequantize(rows: rows, columns: columns, y: y.base, yStride: columns)
        return y
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)])
    func partsOfTheOutputsCanBeAskedForAlone(inputs: Int, width: Int, parts: Int) throws {
        let (packed, plain, int8) = try linears(inputs: inputs, width: width, parts: parts, seed: 51)
        let restored = try restored(int8, parts: parts)
        var random = SplitMix64(seed: 52)
        let x = storage(rows * inputs, &random)
        let codes = rounded(x, columns: inputs)
        for first in 0..<parts {
            for last in first..<parts {
                let columns = first * width..<(last + 1) * width
                #expect(
                    deviation(output(packed, x, columns: columns), output(plain, x, columns: columns)) < 1e-5,
                    "\(columns)")
                #expect(
                    deviation(output(int8, x, columns: columns), output(restored, codes, columns: columns)) < 1e-5,
                    "int8, \(columns)")
            }
        }
        #expect(deviation(output(int8, x, columns: 0..<width), output(plain, x, columns: 0..<width)) < 0.03)
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)], [false, true])
    func gradientsOfTheInputsAgree(layer: (inputs: Int, width: Int, parts: Int), accumulate: Bool) throws {
        let (packed, plain, int8) = try linears(
            inputs: layer.inputs, width: layer.width, parts: layer.parts, seed: 53)
        var random = SplitMix64(seed: 54)
        let dy = storage(rows * packed.outputs, &random)
        let before = storage(rows * layer.inputs, &random)
        let results = [packed, plain, int8, try restored(int8, parts: layer.parts)].map { linear in
            var dx = accumulate ? Array(before.buffer) : [Float](repeating: .nan, count: before.count)
            linear.backwardInput(
                rows: rows, dy: dy.pointer, dyStride: packed.outputs, dx: &dx, dxStride: layer.inputs,
                accumulate: accumulate)
            return dx
        }
        #expect(deviation(results[0], results[1]) < 1e-5)
        #expect(deviation(results[2], results[3]) < 1e-5, "int8")
    }

    @Test func theWeightsCanBeReadBack() throws {
        let (packed, plain, int8) = try linears(inputs: 40, width: 24, parts: 3, seed: 55)
        #expect(weights(packed) == weights(plain))
        #expect(weights(int8) != weights(plain) && deviation(weights(int8), weights(plain)) < 0.02)
    }

    @Test func weightsThatAreNoNumbersAreRefused() {
        let weight = FloatStorage([1, .nan, 3, 4])
        #expect(throws: QuantizedWeight.Failure.notFinite) {
            try PackedLinear(
                inputs: 2, outputs: 2, weight: weight, bias: FloatStorage(count: 2), dataType: .int8)
        }
    }
}
