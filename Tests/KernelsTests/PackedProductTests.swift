import Kernels
import Testing

@Suite struct PackedProductTests {
    /// Sixty-four-byte aligned, as the kernel wants its packed weights.
    private final class Packed {
        private let floats: UnsafeMutablePointer<Float>

        init(_ weight: [Float], inputs: Int, outputs: Int, transposed: Bool = false) {
            let count = packedCount(inputs: inputs, outputs: outputs)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
            floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
            floats.initialize(repeating: gap, count: count)
            packWeight(inputs: inputs, outputs: outputs, weight: weight, transposed: transposed, packed: floats)
        }

        func use(_ body: (UnsafePointer<Float>) -> Void) { withExtendedLifetime(self) { body(floats) } }

        deinit { UnsafeMutableRawPointer(floats).deallocate() }
    }

    @Test(
        arguments: [1, 5, 13, 14, 15, 33, 127],
        [(1, 1), (7, 33), (33, 7), (383, 1), (384, 32), (385, 31), (48, 383), (800, 65), (1024, 16)])
    func equalsItsTwin(rows: Int, layer: (inputs: Int, outputs: Int)) {
        let (inputs, outputs) = layer
        let seed = UInt64(rows * 100_000 + inputs * 100 + outputs)
        var random = Random(seed: seed)
        let x = random.floats(rows * inputs)
        let weight = random.floats(outputs * inputs)
        let before = random.floats(rows * outputs)
        let packed = Packed(weight, inputs: inputs, outputs: outputs)
        for (bias, accumulate) in [
            (nil, false), (random.floats(outputs), false), (nil, true), (random.floats(outputs), true),
        ] {
            var y = strided(
                accumulate ? before : Array(repeating: gap, count: before.count), rows: rows, columns: outputs,
                padding: 3)
            packed.use {
                packedProduct(
                    rows: rows, inputs: inputs, outputs: outputs,
                    x: strided(x, rows: rows, columns: inputs, padding: 2),
                    xStride: inputs + 2, packed: $0, bias: bias, accumulate: accumulate, y: &y, yStride: outputs + 3)
            }
            var expected = Naive.linear(
                doubles(x), doubles(weight), bias: bias.map(doubles), rows: rows, inputs: inputs, outputs: outputs)
            if accumulate { expected = zip(expected, before).map { $0 + Double($1) } }
            expectClose(compact(y, rows: rows, columns: outputs, padding: 3), expected, within: 1e-5, "seed \(seed)")
        }
    }

    @Test(arguments: [64, 384, 1024, 2048])
    func rowsHaveTheSameBitsBesideAnyOthers(stride: Int) {
        var random = Random(seed: 40)
        let (rows, inputs, outputs) = (61, min(stride, 400), 75)
        let x = random.floats(rows * stride)
        let packed = Packed(random.floats(outputs * inputs), inputs: inputs, outputs: outputs)
        func product(_ range: Range<Int>) -> [Float] {
            var y = [Float](repeating: gap, count: range.count * outputs)
            packed.use {
                packedProduct(
                    rows: range.count, inputs: inputs, outputs: outputs,
                    x: Array(x[range.lowerBound * stride..<range.upperBound * stride]),
                    xStride: stride, packed: $0, bias: nil, y: &y, yStride: outputs)
            }
            return y
        }
        let all = product(0..<rows)
        for range in [0..<1, 3..<9, 17..<31, 20..<51, 60..<61] {
            #expect(product(range) == Array(all[range.lowerBound * outputs..<range.upperBound * outputs]), "\(range)")
        }
    }

    @Test func unpackingGivesTheWeight() {
        var random = Random(seed: 41)
        for (inputs, outputs) in [(1, 1), (7, 33), (385, 40), (800, 17)] {
            let weight = random.floats(outputs * inputs)
            var again = [Float](repeating: gap, count: weight.count)
            Packed(weight, inputs: inputs, outputs: outputs).use {
                unpackWeight(inputs: inputs, outputs: outputs, packed: $0, weight: &again)
            }
            #expect(again == weight, "\(inputs) \(outputs)")
        }
    }

    @Test func transposedWeightsGiveTheGradientOfTheInputs() {
        var random = Random(seed: 42)
        let (rows, inputs, outputs) = (9, 33, 50)
        let weight = random.floats(outputs * inputs)
        let dy = random.floats(rows * outputs)
        var dx = [Float](repeating: gap, count: rows * inputs)
        // As a layer from outputs to inputs, whose weight is stored as [its inputs, its outputs].
        Packed(weight, inputs: outputs, outputs: inputs, transposed: true).use {
            packedProduct(
                rows: rows, inputs: outputs, outputs: inputs, x: dy, xStride: outputs, packed: $0, bias: nil, y: &dx,
                yStride: inputs)
        }
        expectClose(dx, Naive.product(doubles(dy), doubles(weight), m: rows, n: inputs, k: outputs), within: 1e-5, "dx")
    }
}
