import Kernels
import Testing

@Suite struct BFloat16WeightTests {
    private static func refusal(_ body: () throws -> BFloat16Weight) -> BFloat16Weight.Failure? {
        do {
            _ = try body()
            return nil
        } catch { return error as? BFloat16Weight.Failure }
    }

    @Test(arguments: [(1, 1), (7, 33), (384, 40), (1600, 3)])
    func weightsAreRoundedToNearestEven(layer: (inputs: Int, outputs: Int)) throws {
        let (inputs, outputs) = layer
        var random = Random(seed: UInt64(inputs))
        var weight = random.floats(outputs * inputs)
        weight[weight.count / 2] = .leastNonzeroMagnitude
        let packed = try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight)
        var again = [Float](repeating: gap, count: weight.count)
        packed.widen(to: &again)
        #expect(again == weight.compactMap(nearestBFloat16))
    }

    @Test func transposedWeightsAreTheSame() throws {
        var random = Random(seed: 21)
        let weight = random.floats(7 * 33)
        let transposed = (0..<33 * 7).map { (place: Int) -> Float in weight[place % 7 * 33 + place / 7] }
        let one = try BFloat16Weight(inputs: 33, outputs: 7, weight: weight)
        let other = try BFloat16Weight(inputs: 33, outputs: 7, weight: transposed, transposed: true)
        let x = random.floats(3 * 33)
        #expect(one.products(x) == other.products(x))
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, Float(bitPattern: 0xFFFF_FFFF)])
    func weightsThatAreNotFiniteAreRefused(value: Float) {
        var weight = [Float](repeating: 1, count: 40)
        for place in [0, 4, 39] {
            weight[place] = value
            #expect(Self.refusal { try BFloat16Weight(inputs: 20, outputs: 2, weight: weight) } == .notFinite)
            weight[place] = 1
        }
    }

    @Test(arguments: [(0, 2), (3, 0), (-1, 2), (3, -1)])
    func impossibleSizesAreRefused(size: (inputs: Int, outputs: Int)) {
        let weight = [Float](repeating: 1, count: 6)
        let expected = BFloat16Weight.Failure.size(inputs: size.inputs, outputs: size.outputs)
        #expect("\(expected)".contains("\(size.inputs) inputs and \(size.outputs) outputs"))
        #expect(
            Self.refusal { try BFloat16Weight(inputs: size.inputs, outputs: size.outputs, weight: weight) } == expected)
    }
}
