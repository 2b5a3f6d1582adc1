import Kernels
import Testing

@Suite struct QuantizedRowsTests {
    @Test(arguments: awkwardLengths)
    func valuesAreWithinHalfAStep(columns: Int) {
        for seed in UInt64(0)..<20 {
            var random = Random(seed: seed)
            let low = random.float(in: -3...2)
            let x = random.floats(5 * columns, in: low...low + 3)
            let q = QuantizedMemory(x, columns: columns)
            for (place, (value, again)) in zip(x, q.values).enumerated() {
                #expect(abs(value - again) <= q.scales[place / columns] * 0.5001, "seed \(seed), \(place)")
            }
            for row in 0..<5 {
                let tail = q.codes[row * q.rows.stride + columns..<(row + 1) * q.rows.stride]
                #expect(tail.allSatisfy { $0 == 0 }, "seed \(seed)")
            }
        }
    }

    /// One step is a 255th of the range with zero in it.
    @Test func theRangeIsThatOfTheRow() {
        let q = QuantizedMemory([0, 255, 128, -255, 0, 255, 10, 20, 510, -4, -2, -1], columns: 3)
        #expect(q.scales == [1, 2, 2, 4 / 255])
        #expect(q.zeros == [0, 128, 0, 255])
        #expect(Array(q.codes[0..<3]) == [0, 255, 128])
    }

    @Test func tinyRowsAreZeros() {
        let q = QuantizedMemory([0, 0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1e-35, 1e-36], columns: 2)
        #expect(q.scales == [0, 0, 0])
        #expect(q.values == [0, 0, 0, 0, 0, 0])
    }

    @Test func hugeNumbersAreQuantized() {
        let most = Float.greatestFiniteMagnitude / 2
        let x = [most, -most, 1, 0, most, 3]
        let q = QuantizedMemory(x, columns: 3)
        #expect(q.scales.allSatisfy { $0.isFinite })
        #expect(zip(x, q.values).allSatisfy { abs($0 - $1) <= most / 255 * 1.001 })
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 15, 16, 36])
    func whatIsNotFiniteIsReported(value: Float, place: Int) {
        var random = Random(seed: 5)
        var x = random.floats(3 * 37)
        let before = QuantizedMemory(x, columns: 37)
        x[37 + place] = value
        let after = QuantizedMemory(rows: 3, columns: 37)
        #expect(!quantizeRows(rows: 3, columns: 37, x: x, xStride: 37, q: after.rows))
        #expect(after.scales[1].isNaN && after.scales[0] == before.scales[0] && after.scales[2] == before.scales[2])
        #expect(after.values[..<37] == before.values[..<37] && after.values[74...] == before.values[74...])
        #expect(after.values[37..<74].allSatisfy { $0.isNaN })
    }

    @Test func aRowDoesNotDependOnItsNeighbours() {
        var random = Random(seed: 6)
        let x = random.floats(9 * 383)
        let all = QuantizedMemory(x, columns: 383)
        let one = QuantizedMemory(Array(x[4 * 383..<5 * 383]), columns: 383)
        #expect(one.codes == Array(all.codes[4 * all.rows.stride..<5 * all.rows.stride]))
        #expect(one.scales[0] == all.scales[4] && one.zeros[0] == all.zeros[4])
    }

    /// What a fused kernel writes is what quantizing its floats would give.
    @Test(arguments: awkwardLengths)
    func layerNormWritesFloatsAndCodes(columns: Int) {
        var random = Random(seed: UInt64(columns))
        let rows = 5
        let (x, residual) = (random.floats(rows * columns, in: -3...5), random.floats(rows * columns))
        let (gamma, beta) = (random.floats(columns, in: 0...2), random.floats(columns))
        var plain = [Float](repeating: gap, count: rows * columns)
        layerNorm(
            rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
            gamma: gamma, beta: beta, epsilon: 1e-5, y: &plain, yStride: columns)
        var y = [Float](repeating: gap, count: rows * (columns + 2))
        let q = QuantizedMemory(rows: rows, columns: columns)
        let isFinite = layerNormQuantized(
            rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
            gamma: gamma, beta: beta, epsilon: 1e-5, y: &y, yStride: columns + 2, q: q.rows)
        #expect(isFinite)
        #expect(compact(y, rows: rows, columns: columns, padding: 2) == plain)
        #expect(q.equals(QuantizedMemory(plain, columns: columns)))
    }

    @Test(arguments: Activation.allCases, [1, 33, 384, 4096, 5003])
    func activationWritesCodesWithAndWithoutFloats(activation: Activation, columns: Int) {
        var random = Random(seed: UInt64(columns))
        let rows = 3
        let (x, bias) = (random.floats(rows * columns, in: -5...5), random.floats(columns))
        var plain = [Float](repeating: gap, count: rows * columns)
        activate(
            activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, y: &plain, yStride: columns)
        let expected = QuantizedMemory(plain, columns: columns)
        let alone = QuantizedMemory(rows: rows, columns: columns)
        activateQuantized(activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, q: alone.rows)
        #expect(alone.equals(expected))
        let both = QuantizedMemory(rows: rows, columns: columns)
        var y = [Float](repeating: gap, count: rows * columns)
        activateQuantized(
            activation, rows: rows, columns: columns, x: x, xStride: columns, bias: bias, y: &y, yStride: columns,
            q: both.rows)
        #expect(both.equals(expected) && y == plain)
    }
}
