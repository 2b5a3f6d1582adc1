import Kernels
import Testing

/// What weights of few bits promise, whichever they are.
@Suite struct NarrowWeightTests {
    private static let kinds: [any NarrowWeight.Type] = [BFloat16Weight.self, QuantizedWeight.self]

    @Test(arguments: kinds)
    func transposedWeightsAreTheSame(kind: any NarrowWeight.Type) throws {
        var random = Random(seed: 21)
        let weight = random.floats(7 * 33)
        let transposed = (0..<33 * 7).map { (place: Int) -> Float in weight[place % 7 * 33 + place / 7] }
        let one = try kind.packed(weight, inputs: 33, outputs: 7)
        let other = try kind.packed(transposed, inputs: 33, outputs: 7, transposed: true)
        #expect(one.bytes.elementsEqual(other.bytes))
    }

    @Test(arguments: kinds)
    func theStoredFormIsReadAgain(kind: any NarrowWeight.Type) throws {
        var random = Random(seed: 22)
        let packed = try kind.packed(random.floats(70 * 20), inputs: 70, outputs: 20)
        let again = try kind.stored(packed.bytes, inputs: 70, outputs: 20)
        #expect(again.bytes.elementsEqual(packed.bytes))
        let x = random.floats(3 * 70)
        #expect(again.products(x) == packed.products(x))
    }

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
