import Testing

@testable import Kernels

@Suite struct QuantizedProductTests {
    /// Layers that are and are not whole panels, blocks of inputs and steps.
    private static let layers = [(1, 1), (7, 33), (33, 7), (64, 16), (383, 31), (384, 48), (800, 65), (1600, 17)]

    /// Integers that are their own codes: the scales are one, the zero point is zero, and the result is a sum of
    /// integers.
    @Test(arguments: [1, 2, 5, 31, 33, 64, 131], layers)
    func integersAreSummedExactly(rows: Int, layer: (inputs: Int, outputs: Int)) throws {
        let inputs = layer.inputs + 16
        let seed = UInt64(rows * 100_000 + inputs * 100 + layer.outputs)
        var random = Random(seed: seed)
        var x = (0..<rows * inputs).map { _ in Float(random.int(below: 256)) }
        for row in 0..<rows { x[row * inputs + random.int(below: inputs)] = 255 }
        // One code of 127 sets the scale. Beside it only zeros, so that its lane does not overflow.
        var weight = (0..<layer.outputs * inputs).map { _ in Float(random.int(below: 17) - 8) }
        for output in 0..<layer.outputs {
            for input in 0..<16 { weight[output * inputs + input] = input == 0 ? 127 : 0 }
        }
        let expected = Naive.product(
            doubles(x), doubles(weight), m: rows, n: layer.outputs, k: inputs, transposeB: true
        ).map { Float($0) }
        let q = QuantizedMemory(x, columns: inputs)
        #expect(q.scales.allSatisfy { $0 == 1 } && q.zeros.allSatisfy { $0 == 0 }, "seed \(seed)")
        for precision in QuantizedWeight.Precision.allCases {
            let packed = try QuantizedWeight(
                inputs: inputs, outputs: layer.outputs, weight: weight, precision: precision)
            for instructions in availableInstructions {
                let y = quantizedProduct(q, packed, instructions: instructions)
                #expect(y == expected, "\(instructions), \(precision), seed \(seed)")
            }
        }
    }

    /// The deviation from the float product is what the rounding of both sides explains.
    @Test(arguments: [1, 33], layers)
    func differsFromTheFloatProductByTheRoundingAlone(rows: Int, layer: (inputs: Int, outputs: Int)) throws {
        let (inputs, outputs) = layer
        let seed = UInt64(rows * 100_000 + inputs * 100 + outputs + 1)
        var random = Random(seed: seed)
        let x = random.floats(rows * inputs, in: -1...3)
        let weight = random.floats(outputs * inputs)
        let bias = random.floats(outputs)
        let before = random.floats(rows * outputs)
        let packed = try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight)
        var rounded = [Float](repeating: gap, count: weight.count)
        packed.dequantize(to: &rounded)
        let q = QuantizedMemory(x, columns: inputs)
        let y = quantizedProduct(q, packed, bias: bias, accumulatingOn: before)
        var expected = Naive.linear(
            doubles(q.values), doubles(rounded), bias: doubles(bias), rows: rows, inputs: inputs, outputs: outputs)
        expected = zip(expected, before).map { $0 + Double($1) }
        expectClose(y, expected, within: 1e-6, "the product of the codes, seed \(seed)")
        let exact = Naive.linear(
            doubles(x), doubles(weight), bias: doubles(bias), rows: rows, inputs: inputs, outputs: outputs)
        for row in 0..<rows {
            for output in 0..<outputs {
                var bound = 1e-4
                for k in 0..<inputs {
                    let (a, w) = (x[row * inputs + k], weight[output * inputs + k])
                    bound += Double(abs(a * (w - rounded[output * inputs + k])))
                    bound += Double(abs(rounded[output * inputs + k]) * q.scales[row] * 0.5001)
                }
                let place = row * outputs + output
                let difference = abs(Double(y[place]) - Double(before[place]) - exact[place])
                #expect(difference <= bound, "row \(row), output \(output), seed \(seed)")
            }
        }
    }

    /// Half a step of the activations times the weights, and half a step of the weights times the activations.
    @Test(arguments: QuantizedWeight.Precision.allCases)
    func differsFromTheFloatProductByWhatTheScalesImply(precision: QuantizedWeight.Precision) throws {
        for seed in UInt64(100)..<112 {
            var random = Random(seed: seed)
            let rows = 1 + random.int(below: 20)
            let (inputs, outputs) = (1 + random.int(below: 700), 1 + random.int(below: 50))
            let x = random.floats(rows * inputs, in: -1...4)
            // Outputs of all sizes. Cubes have many small weights and a few large ones.
            let weight = (0..<outputs * inputs).map { place in
                let value = random.float()
                return value * value * value * Float(1 + place / inputs)
            }
            let packed = try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight, precision: precision)
            let q = QuantizedMemory(x, columns: inputs)
            let y = quantizedProduct(q, packed)
            let exact = Naive.product(
                doubles(x), doubles(weight), m: rows, n: outputs, k: inputs, transposeB: true)
            for place in y.indices {
                let (row, output) = (place / outputs, place % outputs)
                let step = (x: Double(q.scales[row]), weight: Double(packed.pointers.scales[output]))
                let sizes = (0..<inputs).map { k in
                    (x: Double(abs(x[row * inputs + k])), weight: Double(abs(weight[output * inputs + k])))
                }
                // The activations meet the rounded weights, which may be half a step larger. In float32, a value may be
                // a little more than half a step away, and the result is rounded.
                let bound = sizes.reduce(0) { sum, size in
                    sum + 0.5001 * (step.weight * size.x + step.x * (size.weight + 0.5001 * step.weight))
                        + 1e-6 * size.x * size.weight
                }
                #expect(abs(Double(y[place]) - exact[place]) <= bound, "row \(row), output \(output), seed \(seed)")
            }
        }
    }

    @Test func allInstructionsGiveTheSameBits() throws {
        for seed in UInt64(50)..<90 {
            var random = Random(seed: seed)
            let (rows, inputs, outputs) = (
                1 + random.int(below: 70), 1 + random.int(below: 900), 1 + random.int(below: 70)
            )
            var x = random.floats(rows * inputs, in: -2...2)
            x[random.int(below: x.count)] = 1e6
            // Weights of one sign and size make the largest sums.
            let weight =
                seed.isMultiple(of: 2) ? random.floats(outputs * inputs) : Array(repeating: 1, count: outputs * inputs)
            let bias = random.floats(outputs)
            let precision = QuantizedWeight.Precision.allCases[random.int(below: 3)]
            let packed = try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight, precision: precision)
            let q = QuantizedMemory(x, columns: inputs)
            let expected = quantizedProduct(q, packed, bias: bias, instructions: .portable).map(\.bitPattern)
            for instructions in availableInstructions {
                let y = quantizedProduct(q, packed, bias: bias, instructions: instructions).map(\.bitPattern)
                #expect(y == expected, "\(instructions), seed \(seed)")
            }
        }
    }
}
