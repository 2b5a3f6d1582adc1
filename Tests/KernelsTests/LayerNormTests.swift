import Kernels
import Testing

@Suite struct LayerNormTests {
    @Test(arguments: awkwardLengths)
    func equalsItsTwin(columns: Int) {
        let seed = UInt64(columns)
        var random = Random(seed: seed)
        let rows = 5
        let x = random.floats(rows * columns, in: -3...5)
        let residual = random.floats(rows * columns)
        let gamma = random.floats(columns, in: 0...2)
        let beta = random.floats(columns)
        var y = [Float](repeating: gap, count: rows * (columns + 1))
        layerNorm(
            rows: rows, columns: columns, x: strided(x, rows: rows, columns: columns, padding: 3), xStride: columns + 3,
            residual: strided(residual, rows: rows, columns: columns, padding: 9), residualStride: columns + 9,
            gamma: gamma, beta: beta, epsilon: 1e-5, y: &y, yStride: columns + 1)
        let expected = Naive.layerNorm(
            zip(x, residual).map { Double($0 + $1) }, gamma: doubles(gamma), beta: doubles(beta), epsilon: 1e-5,
            columns: columns)
        expectClose(compact(y, rows: rows, columns: columns, padding: 1), expected, within: 3e-6, "seed \(seed)")
    }

    @Test func aRowDoesNotDependOnItsNeighbours() {
        var random = Random(seed: 9)
        let x = random.floats(9 * 383)
        let ones = [Float](repeating: 1, count: 383)
        var together = x
        layerNorm(
            rows: 9, columns: 383, x: x, xStride: 383, gamma: ones, beta: ones, epsilon: 1e-12, y: &together,
            yStride: 383)
        for row in 0..<9 {
            var alone = [Float](repeating: 0, count: 383)
            layerNorm(
                rows: 1, columns: 383, x: Array(x[row * 383..<(row + 1) * 383]), xStride: 383, gamma: ones, beta: ones,
                epsilon: 1e-12, y: &alone, yStride: 383)
            #expect(alone == Array(together[row * 383..<(row + 1) * 383]))
        }
    }

    @Test func worksInPlaceOfTheResidual() {
        var random = Random(seed: 10)
        let x = random.floats(4 * 48)
        let residual = random.floats(4 * 48)
        let gamma = random.floats(48)
        var apart = [Float](repeating: 0, count: 4 * 48)
        layerNorm(
            rows: 4, columns: 48, x: x, xStride: 48, residual: residual, residualStride: 48, gamma: gamma, beta: gamma,
            epsilon: 1e-12, y: &apart, yStride: 48)
        var inPlace = residual
        inPlace.withUnsafeMutableBufferPointer { p in
            guard let p = p.baseAddress else { return }
            layerNorm(
                rows: 4, columns: 48, x: x, xStride: 48, residual: p, residualStride: 48, gamma: gamma, beta: gamma,
                epsilon: 1e-12, y: p, yStride: 48)
        }
        #expect(apart == inPlace)
    }

    @Test(arguments: [2, 7, 33, 48])
    func backwardEqualsCentralDifferences(columns: Int) {
        let seed = UInt64(200 + columns)
        var random = Random(seed: seed)
        let rows = 3
        let x = random.floats(rows * columns)
        let gamma = random.floats(columns)
        let beta = random.floats(columns)
        let dy = random.floats(rows * columns)
        var sum = [Float](repeating: 0, count: rows * columns)
        var means = [Float](repeating: 0, count: rows)
        var inverses = means
        var y = sum
        var dx = sum
        var dGamma = [Float](repeating: 0, count: columns)
        var dBeta = dGamma
        sum.withUnsafeMutableBufferPointer { sum in
            means.withUnsafeMutableBufferPointer { means in
                inverses.withUnsafeMutableBufferPointer { inverses in
                    guard let s = sum.baseAddress, let m = means.baseAddress, let i = inverses.baseAddress else {
                        return
                    }
                    let record = LayerNormRecord(sum: s, sumStride: columns, means: m, inverseDeviations: i)
                    layerNorm(
                        rows: rows, columns: columns, x: x, xStride: columns, gamma: gamma, beta: beta, epsilon: 1e-5,
                        y: &y,
                        yStride: columns, record: record)
                    layerNormBackward(
                        rows: rows, columns: columns, record: record, gamma: gamma, dy: dy, dyStride: columns, dx: &dx,
                        dxStride: columns, dGamma: &dGamma, dBeta: &dBeta)
                }
            }
        }
        let loss = { (x: [Double], gamma: [Double], beta: [Double]) in
            inner(dy, Naive.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-5, columns: columns))
        }
        let (xs, gammas, betas) = (doubles(x), doubles(gamma), doubles(beta))
        expectClose(dx, centralDifferences(at: x) { loss($0, gammas, betas) }, within: 1e-4, "dx, seed \(seed)")
        expectClose(dGamma, centralDifferences(at: gamma) { loss(xs, $0, betas) }, within: 1e-5, "dGamma, seed \(seed)")
        expectClose(dBeta, centralDifferences(at: beta) { loss(xs, gammas, $0) }, within: 1e-5, "dBeta, seed \(seed)")
    }

    @Test func theKeptSumMayBeTheInputItself() {
        var random = Random(seed: 11)
        let x = random.floats(2 * 33)
        let residual = random.floats(2 * 33)
        let gamma = random.floats(33)
        var kept = x
        var (means, inverses): ([Float], [Float]) = ([0, 0], [0, 0])
        var (plain, y) = (x, x)
        layerNorm(
            rows: 2, columns: 33, x: x, xStride: 33, residual: residual, residualStride: 33, gamma: gamma, beta: gamma,
            epsilon: 1e-5, y: &plain, yStride: 33)
        kept.withUnsafeMutableBufferPointer { kept in
            means.withUnsafeMutableBufferPointer { means in
                inverses.withUnsafeMutableBufferPointer { inverses in
                    guard let s = kept.baseAddress, let m = means.baseAddress, let i = inverses.baseAddress else {
                        return
                    }
                    layerNorm(
                        rows: 2, columns: 33, x: s, xStride: 33, residual: residual, residualStride: 33, gamma: gamma,
                        beta: gamma, epsilon: 1e-5, y: &y, yStride: 33,
                        record: LayerNormRecord(sum: s, sumStride: 33, means: m, inverseDeviations: i))
                }
            }
        }
        #expect(y == plain)
        #expect(kept == zip(x, residual).map { $0 + $1 })
    }

    @Test func aConstantRowGivesBeta() {
        let beta: [Float] = [1, 2, 3, 4, 5, 6, 7]
        var y = [Float](repeating: 0, count: 7)
        layerNorm(
            rows: 1, columns: 7, x: [Float](repeating: 4, count: 7), xStride: 7, gamma: beta, beta: beta,
            epsilon: 1e-12, y: &y,
            yStride: 7)
        #expect(y == beta)
    }
}
