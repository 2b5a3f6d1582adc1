import Kernels
import Testing

@Suite struct LinearTests {
    init() { BLAS.configure() }

    @Test(arguments: [(1, 1, 1), (7, 33, 5), (33, 7, 383), (9, 383, 1), (64, 48, 96), (130, 383, 33)])
    func equalsItsTwin(rows: Int, inputs: Int, outputs: Int) {
        let seed = UInt64(rows * 1000 + inputs)
        var random = Random(seed: seed)
        let x = random.floats(rows * inputs)
        let weight = random.floats(outputs * inputs)
        for bias in [nil, random.floats(outputs)] {
            var y = [Float](repeating: gap, count: rows * (outputs + 3))
            linear(
                rows: rows, inputs: inputs, outputs: outputs, x: strided(x, rows: rows, columns: inputs, padding: 2),
                xStride: inputs + 2, weight: weight, bias: bias, y: &y, yStride: outputs + 3)
            let expected = Naive.linear(
                doubles(x), doubles(weight), bias: bias.map(doubles), rows: rows, inputs: inputs, outputs: outputs)
            expectClose(compact(y, rows: rows, columns: outputs, padding: 3), expected, within: 1e-5, "seed \(seed)")
        }
    }

    @Test(arguments: [false, true], [false, true])
    func gemmTransposes(transposeA: Bool, transposeB: Bool) {
        var random = Random(seed: 5)
        let (m, n, k) = (7, 33, 19)
        let a = random.floats(m * k)
        let b = random.floats(n * k)
        let before = random.floats(m * n)
        var c = before
        gemm(
            m: m, n: n, k: k, alpha: 0.5, a: a, lda: transposeA ? m : k, transposeA: transposeA, b: b,
            ldb: transposeB ? k : n,
            transposeB: transposeB, beta: 2, c: &c, ldc: n)
        let product = Naive.product(
            doubles(a), doubles(b), m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB)
        expectClose(
            c, zip(product, before).map { 0.5 * $0 + 2 * Double($1) }, within: 1e-5, "\(transposeA) \(transposeB)")
    }

    @Test func backwardEqualsCentralDifferences() {
        var random = Random(seed: 6)
        let (rows, inputs, outputs) = (5, 7, 9)
        let x = random.floats(rows * inputs)
        let weight = random.floats(outputs * inputs)
        let bias = random.floats(outputs)
        let dy = random.floats(rows * outputs)
        var dx = [Float](repeating: 0, count: rows * inputs)
        var dWeight = [Float](repeating: 1, count: outputs * inputs)
        var dBias = [Float](repeating: 1, count: outputs)
        linearBackwardInput(
            rows: rows, inputs: inputs, outputs: outputs, dy: dy, dyStride: outputs, weight: weight, dx: &dx,
            dxStride: inputs)
        linearBackwardWeight(
            rows: rows, inputs: inputs, outputs: outputs, x: x, xStride: inputs, dy: dy, dyStride: outputs,
            dWeight: &dWeight,
            dBias: &dBias)
        let loss = { (x: [Double], weight: [Double], bias: [Double]) in
            inner(dy, Naive.linear(x, weight, bias: bias, rows: rows, inputs: inputs, outputs: outputs))
        }
        let (xs, weights, biases) = (doubles(x), doubles(weight), doubles(bias))
        expectClose(dx, centralDifferences(at: x) { loss($0, weights, biases) }, within: 1e-5, "dx")
        expectClose(
            dWeight, centralDifferences(at: weight) { loss(xs, $0, biases) + $0.reduce(0, +) }, within: 1e-5, "dWeight")
        expectClose(
            dBias, centralDifferences(at: bias) { loss(xs, weights, $0) + $0.reduce(0, +) }, within: 1e-5, "dBias")
    }

    /// OpenBLAS takes other kernels for edges and small matrices: a row may change in its last bits, never more.
    @Test(arguments: [(384, 384), (384, 1152), (384, 1536), (1536, 384), (33, 7)])
    func aRowHardlyDependsOnTheNumberOfRows(inputs: Int, outputs: Int) {
        var random = Random(seed: 7)
        let x = random.floats(200 * inputs)
        let weight = random.floats(outputs * inputs, in: -0.1...0.1)
        var whole = [Float](repeating: 0, count: 200 * outputs)
        linear(
            rows: 200, inputs: inputs, outputs: outputs, x: x, xStride: inputs, weight: weight, bias: nil, y: &whole,
            yStride: outputs)
        let largest = whole.lazy.map(abs).max() ?? 1
        for rows in [1, 2, 3, 5, 8, 13, 25, 64, 199] {
            var part = [Float](repeating: 0, count: rows * outputs)
            linear(
                rows: rows, inputs: inputs, outputs: outputs, x: x, xStride: inputs, weight: weight, bias: nil,
                y: &part,
                yStride: outputs)
            let worst = zip(part, whole).lazy.map { abs($0 - $1) }.max() ?? 0
            #expect(worst <= 2e-6 * largest, "\(rows) rows: \(worst)")
        }
    }

    /// A head of few labels: OpenBLAS changes bits with the number of rows there, so heads go through the vector
    /// kernel.
    @Test(arguments: [2, 3, 11, 151])
    func aRowOfAHeadDoesNotDependOnItsNeighbours(labels: Int) {
        var random = Random(seed: UInt64(labels))
        let x = random.floats(13 * 384)
        let weight = random.floats(labels * 384)
        var together = [Float](repeating: 0, count: 13 * labels)
        lowRankDown(
            rows: 13, inputs: 384, rank: labels, x: x, xStride: 384, a: weight, down: &together, downStride: labels)
        for row in 0..<13 {
            var alone = [Float](repeating: 0, count: labels)
            lowRankDown(
                rows: 1, inputs: 384, rank: labels, x: Array(x[row * 384..<(row + 1) * 384]), xStride: 384, a: weight,
                down: &alone, downStride: labels)
            #expect(alone == Array(together[row * labels..<(row + 1) * labels]))
        }
    }

    @Test func sameInputGivesTheSameBits() {
        var random = Random(seed: 8)
        let x = random.floats(37 * 384)
        let weight = random.floats(384 * 384)
        var first = [Float](repeating: 0, count: 37 * 384)
        var second = first
        linear(
            rows: 37, inputs: 384, outputs: 384, x: x, xStride: 384, weight: weight, bias: nil, y: &first, yStride: 384)
        linear(
            rows: 37, inputs: 384, outputs: 384, x: x, xStride: 384, weight: weight, bias: nil, y: &second, yStride: 384
        )
        #expect(first == second)
    }
}
