import Kernels
import Testing

@Suite struct BFloat16RowsTests {
    @Test(arguments: awkwardLengths)
    func valuesAreRoundedToNearestEven(columns: Int) {
        for seed in UInt64(0)..<20 {
            var random = Random(seed: seed)
            // Bits of any kind: subnormal, huge, not finite.
            let x = (0..<5 * columns).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.bits())) }
            let memory = BFloat16Memory(rows: 5, columns: columns)
            let isFinite = roundRows(
                rows: 5, columns: columns, x: strided(x, rows: 5, columns: columns, padding: 3), xStride: columns + 3,
                rounded: memory.rows)
            let expected = x.map(nearestBFloat16)
            #expect(isFinite == expected.allSatisfy { $0 != nil }, "seed \(seed)")
            for (place, (value, nearest)) in zip(memory.values, expected).enumerated() {
                #expect(nearest.map { value == $0 } ?? value.isNaN, "seed \(seed), \(x[place]) became \(value)")
            }
            for row in 0..<5 {
                let tail = memory.bits[row * memory.rows.stride + columns..<(row + 1) * memory.rows.stride]
                #expect(tail.allSatisfy { $0 == 0 }, "seed \(seed)")
            }
        }
    }

    /// Steps of bfloat16 above 1 are 1/128.
    @Test func tiesGoToTheEvenNumber() {
        let tie: Float = 1 + 1 / 256
        let oddTie: Float = 1 + 3 / 256
        let x = [tie, tie.nextUp, tie.nextDown, oddTie, oddTie.nextUp, oddTie.nextDown, -tie, -oddTie]
        let step: Float = 1 / 128
        #expect(
            BFloat16Memory(x, columns: 8).values
                == [1, 1 + step, 1, 1 + 2 * step, 1 + 2 * step, 1 + step, -1, -1 - 2 * step])
    }

    @Test func subnormalNumbersAreZero() {
        let least = Float.leastNormalMagnitude
        let memory = BFloat16Memory([0, -0.0, .leastNonzeroMagnitude, -least.nextDown, least, -least], columns: 6)
        #expect(memory.values == [0, 0, 0, 0, least, -least])
        #expect(Array(memory.bits[..<4]) == [0, 0, 0, 0])
    }

    @Test func onlyNumbersThatRoundToInfinityAreTooLarge() {
        let largest = Float(bitPattern: 0x7F7F_0000)
        let tooLarge = Float(bitPattern: 0x7F7F_8000)
        let x = [largest, tooLarge.nextDown, -tooLarge.nextDown, 1]
        #expect(BFloat16Memory(x, columns: 4).values == [largest, largest, -largest, 1])
        for value in [tooLarge, -tooLarge, .greatestFiniteMagnitude] {
            let memory = BFloat16Memory(rows: 1, columns: 4)
            // Not within `#expect`, which would keep the pointer longer than the array.
            let isFinite = roundRows(rows: 1, columns: 4, x: [1, 1, value, 1], xStride: 4, rounded: memory.rows)
            #expect(!isFinite && memory.values[2].isNaN)
        }
    }

    @Test(
        arguments: [
            Float.nan, .signalingNaN, .infinity, -.infinity, Float(bitPattern: 0xFFFF_FFFF),
            Float(bitPattern: 0x7F80_0001),
        ], [0, 15, 16, 36])
    func whatIsNotFiniteIsReported(value: Float, place: Int) {
        var random = Random(seed: 5)
        var x = random.floats(3 * 37)
        let before = BFloat16Memory(x, columns: 37)
        x[37 + place] = value
        let after = BFloat16Memory(rows: 3, columns: 37)
        #expect(!roundRows(rows: 3, columns: 37, x: x, xStride: 37, rounded: after.rows))
        #expect(after.values[37 + place].isNaN)
        var others = after.bits
        others[after.rows.stride + place] = before.bits[before.rows.stride + place]
        #expect(others == before.bits)
    }

    @Test func aRowDoesNotDependOnItsNeighbours() {
        var random = Random(seed: 6)
        let x = random.floats(9 * 383)
        let all = BFloat16Memory(x, columns: 383)
        let one = BFloat16Memory(Array(x[4 * 383..<5 * 383]), columns: 383)
        let stride = all.rows.stride
        #expect(one.bits == Array(all.bits[4 * stride..<5 * stride]))
        #expect(one.bits == Array(UnsafeBufferPointer(start: all.rows.from(4).values, count: stride)))
    }

    /// What a fused kernel writes is what rounding its floats would give.
    @Test(arguments: awkwardLengths)
    func layerNormWritesFloatsAndRoundedRows(columns: Int) {
        var random = Random(seed: UInt64(columns))
        let rows = 5
        let (x, residual) = (random.floats(rows * columns, in: -3...5), random.floats(rows * columns))
        let (gamma, beta) = (random.floats(columns, in: 0...2), random.floats(columns))
        var plain = [Float](repeating: gap, count: rows * columns)
        layerNorm(
            rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
            gamma: gamma, beta: beta, epsilon: 1e-5, y: &plain, yStride: columns)
        var y = [Float](repeating: gap, count: rows * (columns + 2))
        let memory = BFloat16Memory(rows: rows, columns: columns)
        let isFinite = layerNormRounded(
            rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
            gamma: gamma, beta: beta, epsilon: 1e-5, y: &y, yStride: columns + 2, rounded: memory.rows)
        #expect(isFinite)
        #expect(compact(y, rows: rows, columns: columns, padding: 2) == plain)
        #expect(memory.bits == BFloat16Memory(plain, columns: columns).bits)
    }

    @Test(arguments: Activation.allCases, [1, 33, 384, 4096, 5003])
    func activationWritesRoundedRowsWithAndWithoutFloats(activation: Activation, columns: Int) {
        var random = Random(seed: UInt64(columns))
        let rows = 3
        let (x, bias) = (random.floats(rows * columns, in: -5...5), random.floats(columns))
        var plain = [Float](repeating: gap, count: rows * columns)
        activate(
            activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, y: &plain, yStride: columns)
        let expected = BFloat16Memory(plain, columns: columns).bits
        let alone = BFloat16Memory(rows: rows, columns: columns)
        #expect(
            activateRounded(
                activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, rounded: alone.rows))
        #expect(alone.bits == expected)
        let both = BFloat16Memory(rows: rows, columns: columns)
        var y = [Float](repeating: gap, count: rows * columns)
        activateRounded(
            activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, y: &y, yStride: columns,
            rounded: both.rows)
        #expect(both.bits == expected && y == plain)
    }

    @Test func fusedKernelsReportWhatIsNotFinite() {
        var x = [Float](repeating: 1, count: 2 * 40)
        x[45] = .infinity
        let ones = [Float](repeating: 1, count: 40)
        let memory = BFloat16Memory(rows: 2, columns: 40)
        var y = x
        #expect(
            !layerNormRounded(
                rows: 2, columns: 40, x: x, xStride: 40, gamma: ones, beta: ones, epsilon: 1e-5, y: &y, yStride: 40,
                rounded: memory.rows))
        #expect(memory.values[..<40].allSatisfy(\.isFinite) && memory.values[40...].contains { $0.isNaN })
        #expect(!activateRounded(.relu, rows: 2, columns: 40, x: x, xStride: 40, rounded: memory.rows))
        #expect(memory.values.enumerated().allSatisfy { $1.isNaN == ($0 == 45) })
    }
}
