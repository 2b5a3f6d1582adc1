import Kernels
import Testing

@Suite struct ActivationTests {
    @Test(arguments: Activation.allCases, awkwardLengths)
    func equalsItsTwin(activation: Activation, columns: Int) {
        let seed = UInt64(columns)
        var random = Random(seed: seed)
        let rows = 3
        let x = random.floats(rows * columns, in: -6...6)
        let bias = random.floats(columns)
        let input = strided(x, rows: rows, columns: columns, padding: 5)
        var y = [Float](repeating: gap, count: rows * (columns + 2))
        activate(
            activation, rows: rows, columns: columns, x: input, xStride: columns + 5, bias: bias, y: &y,
            yStride: columns + 2)
        let expected = x.enumerated().map { Naive.activation(activation, Double($1 + bias[$0 % columns])) }
        expectClose(
            compact(y, rows: rows, columns: columns, padding: 2), expected, within: 4e-7, "\(activation), seed \(seed)")
    }

    @Test(arguments: Activation.allCases)
    func worksInPlaceAndWithoutBias(activation: Activation) {
        var random = Random(seed: 3)
        let x = random.floats(77, in: -4...4)
        var apart = [Float](repeating: 0, count: 77)
        activate(activation, rows: 7, columns: 11, x: x, xStride: 11, y: &apart, yStride: 11)
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer { p in
            guard let p = p.baseAddress else { return }
            activate(activation, rows: 7, columns: 11, x: p, xStride: 11, y: p, yStride: 11)
        }
        #expect(apart == inPlace)
    }

    @Test(arguments: Activation.allCases, [1, 7, 33])
    func backwardEqualsCentralDifferences(activation: Activation, columns: Int) {
        let seed = UInt64(100 + columns)
        var random = Random(seed: seed)
        let x = random.floats(2 * columns, in: -4...4)
        let dy = random.floats(2 * columns)
        var dx = [Float](repeating: 1, count: 2 * columns)
        activateBackward(
            activation, rows: 2, columns: columns, x: x, xStride: columns, dy: dy, dyStride: columns, dx: &dx,
            dxStride: columns)
        let numeric = centralDifferences(at: x) { inner(dy, $0.map { Naive.activation(activation, $0) }) }
        expectClose(dx, numeric, within: 1e-6, "\(activation), seed \(seed)")

        var twice = dx
        activateBackward(
            activation, rows: 2, columns: columns, x: x, xStride: columns, dy: dy, dyStride: columns, dx: &twice,
            dxStride: columns, accumulate: true)
        expectClose(twice, dx.map { Double($0 + $0) }, within: 1e-6, "accumulated")
    }

    @Test func geluOfLargeInputsIsTheInputOrZero() {
        let x: [Float] = [-1e30, -40, -8, 8, 40, 1e30]
        for activation in [Activation.geluErf, .geluTanh] {
            var y = [Float](repeating: 0, count: 6)
            activate(activation, rows: 1, columns: 6, x: x, xStride: 6, y: &y, yStride: 6)
            #expect(
                y.prefix(3).allSatisfy { $0 == 0 } && Array(y.suffix(3)) == Array(x.suffix(3)), "\(activation): \(y)")
        }
    }
}
