import Kernels
import Testing

@Suite struct QuantizedWeightTests {
    private static func refusal(_ body: () throws -> QuantizedWeight) -> QuantizedWeight.Failure? {
        do {
            _ = try body()
            return nil
        } catch { return error as? QuantizedWeight.Failure }
    }

    @Test(arguments: QuantizedWeight.Precision.allCases, [(1, 1), (7, 33), (384, 40), (1600, 3)])
    func weightsAreWithinHalfAStep(precision: QuantizedWeight.Precision, layer: (inputs: Int, outputs: Int)) throws {
        let (inputs, outputs) = layer
        var random = Random(seed: UInt64(inputs))
        let weight = (0..<outputs * inputs).map { _ in random.float() + random.float() }
        let packed = try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight, precision: precision)
        var again = [Float](repeating: gap, count: weight.count)
        packed.dequantize(to: &again)
        // A row of codes has steps of a 127th of its largest weight; room for sums in 16 bits costs up to `factor`.
        let factor = Float(2 * precision.rawValue) * 1.03
        for output in 0..<outputs {
            let row = output * inputs..<(output + 1) * inputs
            let largest = weight[row].map(abs).max() ?? 0
            let worst = zip(weight[row], again[row]).map { abs($0 - $1) }.max() ?? 0
            #expect(worst <= largest / 127 * 0.5001 * factor, "output \(output)")
        }
    }

    @Test func finerPrecisionLosesLess() throws {
        var random = Random(seed: 20)
        let weight = (0..<40 * 384).map { _ in random.float() + random.float() }
        let deviations: [Double] = try QuantizedWeight.Precision.allCases.map { precision in
            var again = [Float](repeating: gap, count: weight.count)
            try QuantizedWeight(inputs: 384, outputs: 40, weight: weight, precision: precision).dequantize(to: &again)
            var deviation = 0.0
            for (one, other) in zip(weight, again) {
                let difference = Double(one - other)
                deviation += difference * difference
            }
            return deviation
        }
        #expect(deviations[0] < deviations[1] && deviations[1] < deviations[2], "\(deviations)")
    }

    /// A base's cache keeps this form for later versions of the program: other bytes need another version.
    @Test func thePackedFormIsThatOfItsVersion() throws {
        let weight = (0..<20 * 70).map { (place: Int) -> Float in
            Float((place % 70 * 7_919 + place / 70 * 104_729) % 2_001 - 1_000) / 1_000
        }
        let packed = try QuantizedWeight(inputs: 70, outputs: 20, weight: weight)
        // FNV-1a.
        let digest = packed.bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0100_0000_01B3 }
        let digests: [Int: UInt64] = [1: 0x688C_F1F8_790E_5080]
        #expect(
            digests[QuantizedWeight.formatVersion] == digest,
            "the packed form has changed: raise QuantizedWeight.formatVersion, and add 0x\(String(digest, radix: 16))")
    }

    @Test func outputsOfZerosStayZero() throws {
        let packed = try QuantizedWeight(inputs: 5, outputs: 2, weight: Array(repeating: 0, count: 10))
        var again = [Float](repeating: gap, count: 10)
        packed.dequantize(to: &again)
        #expect(again == Array(repeating: 0, count: 10))
    }

    @Test func theStoredFormIsReadAgain() throws {
        var random = Random(seed: 22)
        let packed = try QuantizedWeight(inputs: 70, outputs: 20, weight: random.floats(70 * 20))
        let again = try QuantizedWeight(inputs: 70, outputs: 20, bytes: packed.bytes)
        #expect(again.bytes.elementsEqual(packed.bytes))
        let x = random.floats(3 * 70)
        #expect(again.products(x) == packed.products(x))
    }

    @Test func bytesWithAnOwnerAreNotCopied() throws {
        var random = Random(seed: 25)
        let (inputs, outputs) = (70, 20)
        let x = QuantizedMemory(random.floats(3 * inputs), columns: inputs)
        let floats = random.floats(inputs * outputs)
        func weights() throws -> (expected: [Float], read: QuantizedWeight) {
            let packed = try QuantizedWeight(inputs: inputs, outputs: outputs, weight: floats)
            let read = try QuantizedWeight(inputs: inputs, outputs: outputs, bytes: packed.bytes, owner: packed)
            #expect(read.bytes.baseAddress == packed.bytes.baseAddress)
            return (quantizedProduct(x, packed), read)
        }
        // Only the weight that was read keeps the owner.
        let (expected, read) = try weights()
        #expect(quantizedProduct(x, read) == expected)
        #expect(
            Self.refusal {
                try QuantizedWeight(
                    inputs: inputs, outputs: outputs, bytes: UnsafeRawBufferPointer(rebasing: read.bytes.dropLast()),
                    owner: read)
            } == .damaged)
    }

    @Test func damagedFormsAreRefused() throws {
        var random = Random(seed: 23)
        let packed = try QuantizedWeight(inputs: 70, outputs: 20, weight: random.floats(70 * 20))
        func read(_ bytes: [UInt8], inputs: Int = 70) -> QuantizedWeight.Failure? {
            bytes.withUnsafeBytes { bytes in
                Self.refusal { try QuantizedWeight(inputs: inputs, outputs: 20, bytes: bytes) }
            }
        }
        let bytes = Array(packed.bytes)
        #expect(read(bytes) == nil)
        #expect(read(Array(bytes.dropLast())) == .damaged)
        #expect(read([]) == .damaged)
        #expect(read(bytes, inputs: 200) == .damaged)
        for place in [0, 5, 1000, 128 * 32 - 1, 128 * 32 + 32 * 4, 128 * 32 + 32 * 8] {
            var flipped = bytes
            flipped[place] ^= 0x41
            #expect(read(flipped) == .damaged, "byte \(place)")
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func weightsThatAreNotFiniteAreRefused(value: Float) {
        var weight = [Float](repeating: 1, count: 6)
        weight[4] = value
        #expect(Self.refusal { try QuantizedWeight(inputs: 3, outputs: 2, weight: weight) } == .notFinite)
    }

    @Test func impossibleSizesAreRefused() {
        let weight = [Float](repeating: 1, count: 6)
        #expect(
            Self.refusal { try QuantizedWeight(inputs: 0, outputs: 2, weight: weight) } == .size(inputs: 0, outputs: 2))
        #expect(
            Self.refusal { try QuantizedWeight(inputs: 3, outputs: 0, weight: weight) } == .size(inputs: 3, outputs: 0))
        let tooMany = QuantizedWeight.maximumInputs + 1
        #expect(
            Self.refusal {
                try QuantizedWeight(inputs: tooMany, outputs: 1, weight: Array(repeating: 1, count: tooMany))
            } == .size(inputs: tooMany, outputs: 1))
    }

    @Test func embeddingsOfCodesAreWithinHalfAStep() {
        var random = Random(seed: 24)
        let (words, columns) = (30, 37)
        var table = random.floats(words * columns)
        for column in 0..<columns { table[3 * columns + column] = 0 }
        let (positions, type) = (random.floats(4 * columns), random.floats(columns))
        var codes = [Int8](repeating: 99, count: table.count)
        var scales = [Float](repeating: gap, count: words)
        #expect(quantizeTable(rows: words, columns: columns, table: table, codes: &codes, scales: &scales))
        #expect(scales[3] == 0)
        let ids: [Int32] = [29, 3, 0, 3]
        var (y, expected) = ([Float](repeating: gap, count: 4 * columns), [Float](repeating: gap, count: 4 * columns))
        embeddingSum(
            tokens: 4, columns: columns, ids: ids, codes: codes, scales: scales, positions: positions, type: type,
            y: &y, yStride: columns)
        embeddingSum(
            tokens: 4, columns: columns, ids: ids, words: table, positions: positions, type: type, y: &expected,
            yStride: columns)
        for (place, (value, float)) in zip(y, expected).enumerated() {
            #expect(abs(value - float) <= scales[Int(ids[place / columns])] * 0.5001 + 1e-6, "\(place)")
        }
        table[40] = .nan
        #expect(!quantizeTable(rows: words, columns: columns, table: table, codes: &codes, scales: &scales))
        #expect(scales[1].isNaN && !scales[0].isNaN)
    }
}
