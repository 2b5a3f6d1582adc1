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
        #expect(packed.bytes.count == BFloat16Weight.byteCount(inputs: inputs, outputs: outputs))
    }

    @Test func damagedFormsAreRefused() throws {
        var random = Random(seed: 23)
        let packed = try BFloat16Weight(inputs: 70, outputs: 20, weight: random.floats(70 * 20))
        func read(_ bytes: [UInt8], inputs: Int = 70) -> BFloat16Weight.Failure? {
            bytes.withUnsafeBytes { bytes in
                Self.refusal { try BFloat16Weight(inputs: inputs, outputs: 20, bytes: bytes) }
            }
        }
        let bytes = Array(packed.bytes)
        #expect(read(bytes) == nil)
        #expect(read(Array(bytes.dropLast())) == .damaged)
        #expect(read(bytes + [0]) == .damaged)
        #expect(read([]) == .damaged)
        #expect(read(bytes, inputs: 200) == .damaged)
        // A row holds 96 inputs: [panels of 16 outputs][48][16][2]. The last bytes are those of output 31.
        let places = ["a weight": 0, "behind the inputs": 35 * 64, "behind the outputs": 96 * 32 + 16, "the end": 6142]
        for (name, place) in places {
            let kinds: [(String, UInt16)] = [
                ("NaN", 0x7FC0), ("infinity", 0xFF80), ("subnormal", 0x8001), ("one", 0x3F80),
            ]
            for (kind, value) in kinds {
                var changed = bytes
                changed[place] = UInt8(truncatingIfNeeded: value)
                changed[place + 1] = UInt8(value >> 8)
                // Another weight is as good as this one; only a digest can tell.
                let expected: BFloat16Weight.Failure? = name == "a weight" && kind == "one" ? nil : .damaged
                #expect(read(changed) == expected, "\(kind), \(name)")
            }
        }
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
        weight.withUnsafeBytes { bytes in
            #expect(
                Self.refusal { try BFloat16Weight(inputs: size.inputs, outputs: size.outputs, bytes: bytes) }
                    == expected)
        }
    }
}
