import Kernels
import Testing

@Suite struct LowRankTests {
    init() { BLAS.configure() }

    @Test(arguments: [1, 3, 8, 16, 33, 64, 100], [(1, 7), (7, 33), (16, 383), (383, 64), (384, 384)])
    func equalsItsTwin(rank: Int, size: (inputs: Int, outputs: Int)) {
        let (inputs, outputs) = size
        let seed = UInt64(rank * 1000 + inputs)
        var random = Random(seed: seed)
        let rows = 11
        let x = random.floats(rows * inputs)
        let a = random.floats(rank * inputs)
        let b = random.floats(outputs * rank)
        let before = random.floats(rows * outputs)
        var down = [Float](repeating: gap, count: rows * (rank + 1))
        lowRankDown(
            rows: rows, inputs: inputs, rank: rank, x: strided(x, rows: rows, columns: inputs, padding: 4),
            xStride: inputs + 4,
            a: a, down: &down, downStride: rank + 1)
        let expectedDown = Naive.linear(doubles(x), doubles(a), bias: nil, rows: rows, inputs: inputs, outputs: rank)
        expectClose(
            compact(down, rows: rows, columns: rank, padding: 1), expectedDown, within: 1e-5, "down, seed \(seed)")

        var y = strided(before, rows: rows, columns: outputs, padding: 2)
        lowRankUp(
            rows: rows, rank: rank, outputs: outputs, down: down, downStride: rank + 1, b: b, scale: 1.5, y: &y,
            yStride: outputs + 2)
        let up = Naive.linear(expectedDown, doubles(b), bias: nil, rows: rows, inputs: rank, outputs: outputs)
        let expected = zip(before, up).map { Double($0) + 1.5 * $1 }
        expectClose(compact(y, rows: rows, columns: outputs, padding: 2), expected, within: 1e-5, "up, seed \(seed)")

        var bTransposed = [Float](repeating: 0, count: b.count)
        transpose(rows: outputs, columns: rank, x: b, xStride: rank, y: &bTransposed, yStride: outputs)
        var other = strided(before, rows: rows, columns: outputs, padding: 2)
        lowRankUp(
            rows: rows, rank: rank, outputs: outputs, down: down, downStride: rank + 1, bTransposed: bTransposed,
            scale: 1.5,
            y: &other, yStride: outputs + 2)
        expectClose(
            compact(other, rows: rows, columns: outputs, padding: 2), expected, within: 1e-5, "transposed, seed \(seed)"
        )
    }

    @Test(arguments: [8, 16, 5])
    func aRowDoesNotDependOnItsNeighbours(rank: Int) {
        var random = Random(seed: 12)
        let (inputs, outputs, rows) = (384, 100, 10)
        let x = random.floats(rows * inputs)
        let a = random.floats(rank * inputs)
        let b = random.floats(outputs * rank)
        func run(_ x: [Float], rows: Int) -> [Float] {
            var down = [Float](repeating: 0, count: rows * rank)
            lowRankDown(
                rows: rows, inputs: inputs, rank: rank, x: x, xStride: inputs, a: a, down: &down, downStride: rank)
            var y = [Float](repeating: 0.25, count: rows * outputs)
            lowRankUp(
                rows: rows, rank: rank, outputs: outputs, down: down, downStride: rank, b: b, scale: 2, y: &y,
                yStride: outputs)
            return y
        }
        let together = run(x, rows: rows)
        for row in 0..<rows {
            let alone = run(Array(x[row * inputs..<(row + 1) * inputs]), rows: 1)
            #expect(alone == Array(together[row * outputs..<(row + 1) * outputs]), "row \(row)")
        }
    }

    @Test(arguments: [1, 3, 8])
    func backwardEqualsCentralDifferences(rank: Int) {
        var random = Random(seed: UInt64(300 + rank))
        let (rows, inputs, outputs) = (5, 7, 9)
        let scale: Float = 0.75
        let x = random.floats(rows * inputs)
        let a = random.floats(rank * inputs)
        let b = random.floats(outputs * rank)
        let dy = random.floats(rows * outputs)
        var down = [Float](repeating: 0, count: rows * rank)
        lowRankDown(rows: rows, inputs: inputs, rank: rank, x: x, xStride: inputs, a: a, down: &down, downStride: rank)
        var dDown = down
        var dA = [Float](repeating: 0, count: a.count)
        var dB = [Float](repeating: 0, count: b.count)
        var dx = [Float](repeating: 0, count: x.count)
        lowRankUpBackward(
            rows: rows, rank: rank, outputs: outputs, down: down, downStride: rank, b: b, scale: scale, dy: dy,
            dyStride: outputs, dDown: &dDown, dDownStride: rank, dB: &dB)
        lowRankDownBackward(
            rows: rows, inputs: inputs, rank: rank, x: x, xStride: inputs, a: a, dDown: dDown, dDownStride: rank,
            dA: &dA,
            dx: &dx, dxStride: inputs)
        let loss = { (x: [Double], a: [Double], b: [Double]) in
            let down = Naive.linear(x, a, bias: nil, rows: rows, inputs: inputs, outputs: rank)
            let up = Naive.linear(down, b, bias: nil, rows: rows, inputs: rank, outputs: outputs)
            return Double(scale) * inner(dy, up)
        }
        let (xs, `as`, bs) = (doubles(x), doubles(a), doubles(b))
        expectClose(dx, centralDifferences(at: x) { loss($0, `as`, bs) }, within: 1e-5, "dx")
        expectClose(dA, centralDifferences(at: a) { loss(xs, $0, bs) }, within: 1e-5, "dA")
        expectClose(dB, centralDifferences(at: b) { loss(xs, `as`, $0) }, within: 1e-5, "dB")
    }
}
