import Kernels
import Testing

@Suite struct SoftmaxTests {
    @Test(arguments: awkwardLengths)
    func equalsItsTwin(columns: Int) {
        let seed = UInt64(columns)
        var random = Random(seed: seed)
        let rows = 4
        let x = random.floats(rows * columns, in: -10...10)
        var y = [Float](repeating: gap, count: rows * (columns + 1))
        softmax(
            rows: rows, columns: columns, x: strided(x, rows: rows, columns: columns, padding: 2), xStride: columns + 2,
            scale: 0.5, y: &y, yStride: columns + 1)
        expectClose(
            compact(y, rows: rows, columns: columns, padding: 1),
            Naive.softmax(doubles(x), columns: columns, scale: 0.5),
            within: 1e-6, "seed \(seed)")
    }

    @Test func worksInPlace() {
        var random = Random(seed: 30)
        let x = random.floats(3 * 25, in: -9...9)
        var apart = x
        softmax(rows: 3, columns: 25, x: x, xStride: 25, y: &apart, yStride: 25)
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer { p in
            guard let p = p.baseAddress else { return }
            softmax(rows: 3, columns: 25, x: p, xStride: 25, y: p, yStride: 25)
        }
        #expect(apart == inPlace)
    }

    @Test func tailsAreExactlyZeroNeverSubnormal() {
        let x: [Float] = (0..<200).map { -Float($0) }
        var y = x
        softmax(rows: 1, columns: 200, x: x, xStride: 200, y: &y, yStride: 200)
        #expect(!y.contains { $0.isSubnormal })
        #expect(y[199] == 0 && y[0] > 0.6)
    }

    @Test func hugeAndInfiniteLogitsStayFinite() {
        let x: [Float] = [3e38, 3e38, -3e38, -.infinity]
        var y = x
        softmax(rows: 1, columns: 4, x: x, xStride: 4, y: &y, yStride: 4)
        #expect(y == [0.5, 0.5, 0, 0])
    }

    @Test(arguments: [2, 7, 33])
    func backwardEqualsCentralDifferences(columns: Int) {
        var random = Random(seed: UInt64(500 + columns))
        let x = random.floats(3 * columns, in: -2...2)
        let dy = random.floats(3 * columns)
        var y = x
        softmax(rows: 3, columns: columns, x: x, xStride: columns, scale: 0.7, y: &y, yStride: columns)
        var dx = dy
        softmaxBackward(
            rows: 3, columns: columns, y: y, yStride: columns, dy: dy, dyStride: columns, scale: 0.7, dx: &dx,
            dxStride: columns)
        let numeric = centralDifferences(at: x) { inner(dy, Naive.softmax($0, columns: columns, scale: 0.7)) }
        expectClose(dx, numeric, within: 1e-6, "\(columns)")
    }
}
