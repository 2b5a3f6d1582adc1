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

    private struct Layers {
        let packed: PackedLinear
        let plain: PackedLinear
        /// In the types other than float32.
        let reduced: [PackedLinear]
    }

    private func layers(inputs: Int, width: Int, parts: Int, seed: UInt64) throws -> Layers {
        var random = SplitMix64(seed: seed)
        let weight = storage(parts * width * inputs, &random)
        let bias = storage(parts * width, &random)
        func linear(_ dataType: DataType, packs: Bool = true) throws -> PackedLinear {
            try PackedLinear(
                inputs: inputs, outputs: parts * width, parts: parts, weight: weight, bias: bias, dataType: dataType,
                packs: packs)
        }
        return Layers(
            packed: try linear(.float32), plain: try linear(.float32, packs: false),
            reduced: try DataType.allCases.filter { $0 != .float32 }.map { try linear($0) })
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

    /// Each row of x as it is after rounding to a type.
    private func rounded(_ x: FloatStorage, columns: Int, _ dataType: DataType) -> FloatStorage {
        let memory = Workspace()
        let reduced = memory.reduced(.entering, dataType, rows: rows, columns: columns)
        reduced?.write(rows: rows, columns: columns, x: x.pointer, xStride: columns)
        let y = FloatStorage(count: rows * columns)
        switch reduced {
        case .int8(let codes)?: codes.dequantize(rows: rows, columns: columns, y: y.base, yStride: columns)
        case .bfloat16(let rounded)?: rounded.widen(rows: rows, columns: columns, y: y.base, yStride: columns)
        case nil: y.base.update(from: x.pointer, count: rows * columns)
        }
        return withExtendedLifetime(memory) { y }
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)])
    func partsOfTheOutputsCanBeAskedForAlone(inputs: Int, width: Int, parts: Int) throws {
        let layers = try layers(inputs: inputs, width: width, parts: parts, seed: 51)
        var random = SplitMix64(seed: 52)
        let x = storage(rows * inputs, &random)
        for first in 0..<parts {
            for last in first..<parts {
                let columns = first * width..<(last + 1) * width
                let plain = output(layers.plain, x, columns: columns)
                #expect(deviation(output(layers.packed, x, columns: columns), plain) < 1e-5, "\(columns)")
                for layer in layers.reduced {
                    let found = output(layer, x, columns: columns)
                    let rounded = rounded(x, columns: inputs, layer.dataType)
                    let expected = output(try restored(layer, parts: parts), rounded, columns: columns)
                    #expect(deviation(found, expected) < 1e-5, "\(layer.dataType), \(columns)")
                    #expect(deviation(found, plain) < 0.03, "\(layer.dataType), \(columns)")
                }
            }
        }
    }

    @Test(arguments: [(32, 32, 3), (48, 33, 1), (7, 5, 3), (400, 96, 3)], [false, true])
    func gradientsOfTheInputsAgree(layer: (inputs: Int, width: Int, parts: Int), accumulate: Bool) throws {
        let layers = try layers(inputs: layer.inputs, width: layer.width, parts: layer.parts, seed: 53)
        var random = SplitMix64(seed: 54)
        let dy = storage(rows * layers.plain.outputs, &random)
        let before = storage(rows * layer.inputs, &random)
        func gradient(_ linear: PackedLinear, in type: DataType = .float32) -> [Float] {
            var dx = accumulate ? Array(before.buffer) : [Float](repeating: .nan, count: before.count)
            linear.backwardInput(
                rows: rows, dy: dy.pointer, dyStride: linear.outputs, in: type, memory: Workspace(), dx: &dx,
                dxStride: layer.inputs, accumulate: accumulate)
            return dx
        }
        #expect(deviation(gradient(layers.packed), gradient(layers.plain)) < 1e-5)
        #expect(gradient(layers.packed, in: .bfloat16) == gradient(layers.packed))
        for linear in layers.reduced {
            let restored = try restored(linear, parts: layer.parts)
            #expect(deviation(gradient(linear), gradient(restored)) < 1e-5, "\(linear.dataType)")
            let rounded = gradient(linear, in: .bfloat16)
            #expect(rounded != gradient(linear), "\(linear.dataType)")
            #expect(deviation(rounded, gradient(restored)) < 0.02, "\(linear.dataType)")
        }
    }

    @Test func theWeightsCanBeReadBack() throws {
        let layers = try layers(inputs: 40, width: 24, parts: 3, seed: 55)
        #expect(weights(layers.packed) == weights(layers.plain))
        for layer in layers.reduced {
            #expect(weights(layer) != weights(layers.plain), "\(layer.dataType)")
            #expect(deviation(weights(layer), weights(layers.plain)) < 0.02, "\(layer.dataType)")
        }
    }

    @Test(arguments: [DataType.int8, .bfloat16]) func weightsThatAreNoNumbersAreRefused(dataType: DataType) {
        let weight = FloatStorage([1, .nan, 3, 4])
        #expect(throws: PackedLinear.Failure.self) {
            try PackedLinear(
                inputs: 2, outputs: 2, weight: weight, bias: FloatStorage(count: 2), dataType: dataType)
        }
    }
}
