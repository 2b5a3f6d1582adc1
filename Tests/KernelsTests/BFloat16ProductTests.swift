import Kernels
import Testing

@Suite struct BFloat16ProductTests {
    /// Layers that are and are not whole panels and blocks of inputs.
    private static let layers = [(1, 1), (7, 33), (33, 7), (64, 16), (383, 31), (385, 48), (800, 65)]

    /// Small integers are exact in bfloat16, and their sums in float32, in any order.
    @Test(arguments: [1, 2, 5, 31, 33, 64, 131], layers)
    func integersAreSummedExactly(rows: Int, layer: (inputs: Int, outputs: Int)) throws {
        let (inputs, outputs) = layer
        let seed = UInt64(rows * 100_000 + inputs * 100 + outputs)
        var random = Random(seed: seed)
        let x = (0..<rows * inputs).map { _ in Float(random.int(below: 257) - 128) }
        let weight = (0..<outputs * inputs).map { _ in Float(random.int(below: 129) - 64) }
        let expected = Naive.product(doubles(x), doubles(weight), m: rows, n: outputs, k: inputs, transposeB: true)
            .map { Float($0) }
        let packed = try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight)
        let rounded = BFloat16Memory(x, columns: inputs)
        for instructions in availableBFloat16Instructions {
            let y = bfloat16Product(rounded, packed, instructions: instructions)
            #expect(y == expected, "\(instructions), seed \(seed)")
        }
    }

    /// The bound that ``bfloat16Product(rows:x:weight:bias:accumulate:y:yStride:instructions:)`` states.
    @Test func resultsAreWithinTheBoundOfTheExactProduct() throws {
        for seed in UInt64(100)..<130 {
            var random = Random(seed: seed)
            let (rows, inputs, outputs) = (
                1 + random.int(below: 70), 1 + random.int(below: 900), 1 + random.int(below: 70)
            )
            let rounded = BFloat16Memory(
                Self.awkwardRows(rows, columns: inputs, random: &random), columns: inputs)
            // Some products with these weights are subnormal.
            let weight = (0..<outputs * inputs).map { _ in random.float() * (random.int(below: 8) == 0 ? 1e-37 : 1) }
            let bias = seed.isMultiple(of: 3) ? nil : random.floats(outputs)
            let before = seed.isMultiple(of: 2) ? random.floats(rows * outputs) : nil
            let packed = try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight)
            var wide = [Float](repeating: gap, count: weight.count)
            packed.widen(to: &wide)
            let exact = Self.exactProduct(
                doubles(rounded.values), doubles(wide), inputs: inputs, bias: bias, before: before)
            for instructions in availableBFloat16Instructions {
                let y = bfloat16Product(
                    rounded, packed, bias: bias, accumulatingOn: before, instructions: instructions)
                for (place, (value, exact)) in zip(y, exact).enumerated() {
                    let bound = Double(inputs + 2) * (exact.size * 0x1p-23 + 0x1p-125)
                    let isWithin = abs(Double(value) - exact.value) <= bound
                    #expect(isWithin, "\(instructions), seed \(seed), \(place): \(value), not \(exact.value)")
                }
            }
        }
    }

    /// Rows of zeros, with one huge value, of subnormal values and of plain ones.
    private static func awkwardRows(_ rows: Int, columns: Int, random: inout Random) -> [Float] {
        (0..<rows).flatMap { row -> [Float] in
            var x = random.floats(columns, in: -3...3)
            switch row % 5 {
            case 1: x = Array(repeating: 0, count: columns)
            case 2: x[random.int(below: columns)] = 1e38
            case 3: x = x.map { $0 * 0.1 * .leastNormalMagnitude }
            default: break
            }
            return x
        }
    }

    /// Each result in double precision, and the sum of the magnitudes that make it up.
    private static func exactProduct(
        _ x: [Double], _ weight: [Double], inputs: Int, bias: [Float]?, before: [Float]?
    ) -> [(value: Double, size: Double)] {
        let (rows, outputs) = (x.count / inputs, weight.count / inputs)
        let values = Naive.product(x, weight, m: rows, n: outputs, k: inputs, transposeB: true)
        let sizes = Naive.product(x.map(abs), weight.map(abs), m: rows, n: outputs, k: inputs, transposeB: true)
        return values.indices.map { place in
            let start = Double(bias?[place % outputs] ?? 0), earlier = Double(before?[place] ?? 0)
            return (values[place] + start + earlier, sizes[place] + abs(start) + abs(earlier))
        }
    }

    /// Rounding both sides to 8 bits of precision is the only loss that is not tiny.
    @Test func differsFromTheFloatProductByTheRoundingAlone() throws {
        var random = Random(seed: 140)
        let (rows, inputs, outputs) = (20, 384, 50)
        let (x, weight) = (random.floats(rows * inputs), random.floats(outputs * inputs))
        let packed = try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight)
        let exact = Self.exactProduct(doubles(x), doubles(weight), inputs: inputs, bias: nil, before: nil)
        for instructions in availableBFloat16Instructions {
            let y = bfloat16Product(BFloat16Memory(x, columns: inputs), packed, instructions: instructions)
            for (value, exact) in zip(y, exact) {
                #expect(abs(Double(value) - exact.value) <= exact.size * 0x1.01p-7, "\(instructions)")
            }
        }
    }

    @Test func theBestInstructionsAreAvailable() {
        #expect(BFloat16Instructions.portable.isAvailable)
        #expect(BFloat16Instructions.best.isAvailable)
        #expect(hasBFloat16Product == (availableBFloat16Instructions.count > 1))
        #expect(Set(BFloat16Instructions.allCases.map(\.name)).count == BFloat16Instructions.allCases.count)
    }
}
