import Kernels
import Testing

/// What weights of few bits promise, whichever they are.
@Suite struct NarrowWeightTests {
    private static let kinds: [any NarrowWeight.Type] = [BFloat16Weight.self, QuantizedWeight.self]

    @Test(arguments: kinds)
    func rowsHaveTheSameBitsBesideAnyOthers(kind: any NarrowWeight.Type) throws {
        var random = Random(seed: 91)
        let (rows, inputs, outputs) = (150, 400, 75)
        let x = random.floats(rows * inputs)
        let packed = try kind.packed(random.floats(outputs * inputs), inputs: inputs, outputs: outputs)
        let all = packed.products(x)
        for range in [0..<1, 3..<9, 17..<50, 20..<149, 149..<150] {
            let part = packed.products(Array(x[range.lowerBound * inputs..<range.upperBound * inputs]))
            let expected = all.mapValues { Array($0[range.lowerBound * outputs..<range.upperBound * outputs]) }
            #expect(part == expected, "\(range)")
        }
    }

    @Test(arguments: kinds)
    func aRowThatIsNotFiniteGivesNaNAndNoOtherRowDoes(kind: any NarrowWeight.Type) throws {
        var random = Random(seed: 92)
        var x = random.floats(5 * 40)
        // A weight of zero does not hide it.
        var weight = random.floats(20 * 40)
        weight[39] = 0
        let packed = try kind.packed(weight, inputs: 40, outputs: 20)
        let before = packed.products(x)
        for value in [.nan, .infinity, -.infinity] + kind.overflowing {
            x[2 * 40 + 39] = value
            for (instructions, after) in packed.products(x) {
                let before = try #require(before[instructions])
                #expect(after[40..<60].allSatisfy { $0.isNaN }, "\(instructions), \(value)")
                #expect(after[..<40] == before[..<40] && after[60...] == before[60...], "\(instructions), \(value)")
            }
        }
    }

    @Test(arguments: kinds)
    func aRowOfZerosGivesTheBias(kind: any NarrowWeight.Type) throws {
        var random = Random(seed: 93)
        let bias = random.floats(20)
        let packed = try kind.packed(random.floats(20 * 40), inputs: 40, outputs: 20)
        for value in [0, Float.leastNonzeroMagnitude] {
            for (instructions, y) in packed.products(Array(repeating: value, count: 40), bias: bias) {
                #expect(y == bias, "\(instructions), \(value)")
            }
        }
    }
}
