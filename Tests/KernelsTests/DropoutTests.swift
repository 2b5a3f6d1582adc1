import Kernels
import Testing

@Suite struct DropoutTests {
    private func mask(_ rate: Float, _ key: DropoutKey, rows: Int = 1, columns: Int) -> [Float] {
        let ones = [Float](repeating: 1, count: rows * columns)
        var y = ones
        dropout(
            Dropout(rate: rate, key: key), rows: rows, columns: columns, x: ones, xStride: columns, y: &y,
            yStride: columns)
        return y
    }

    @Test(arguments: [Float(0.1), 0.5, 0.9])
    func dropsAtItsRateAndKeepsTheMean(rate: Float) {
        let y = mask(rate, DropoutKey(seed: 1), columns: 200_000)
        let dropped = Float(y.count { $0 == 0 }) / 200_000
        #expect(abs(dropped - rate) < 0.005)
        #expect(y.allSatisfy { $0 == 0 || $0 == 1 / (1 - rate) })
    }

    @Test func sameKeySameMaskOtherKeyOtherMask() {
        let key = DropoutKey(seed: 1, stream: 2)
        #expect(mask(0.5, key, columns: 383) == mask(0.5, key, columns: 383))
        for other in [DropoutKey(seed: 2, stream: 2), DropoutKey(seed: 1, stream: 3), key.stream(0), key.stream(1)] {
            let agreement = zip(mask(0.5, key, columns: 40_000), mask(0.5, other, columns: 40_000)).count { $0 == $1 }
            #expect(abs(agreement - 20_000) < 600)
        }
    }

    @Test func theMaskIsAFunctionOfTheIndexAlone() {
        let key = DropoutKey(seed: 5)
        #expect(mask(0.4, key, rows: 7, columns: 33) == mask(0.4, key, columns: 7 * 33))
    }

    @Test func neighboursAreIndependent() {
        let y = mask(0.5, DropoutKey(seed: 6), columns: 100_000)
        for distance in [1, 2, 16, 384] {
            let equal = zip(y, y.dropFirst(distance)).count { $0 == $1 }
            #expect(abs(equal - (100_000 - distance) / 2) < 1_000, "distance \(distance)")
        }
    }

    @Test func accumulatesAndRespectsStrides() {
        let rows = 3
        let columns = 7
        var random = Random(seed: 7)
        let x = random.floats(rows * columns)
        let key = DropoutKey(seed: 8)
        var y = strided([Float](repeating: 2, count: rows * columns), rows: rows, columns: columns, padding: 4)
        dropout(
            Dropout(rate: 0.5, key: key), rows: rows, columns: columns, x: x, xStride: columns, y: &y,
            yStride: columns + 4,
            accumulate: true)
        let expected = zip(x, mask(0.5, key, columns: rows * columns)).map { Double(2 + $0 * $1) }
        expectClose(compact(y, rows: rows, columns: columns, padding: 4), expected, within: 1e-6, "accumulated")
    }

    @Test func worksInPlace() {
        var random = Random(seed: 10)
        let x = random.floats(3 * 25)
        let rule = Dropout(rate: 0.3, key: DropoutKey(seed: 11))
        var apart = x
        dropout(rule, rows: 3, columns: 25, x: x, xStride: 25, y: &apart, yStride: 25)
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer { p in
            guard let p = p.baseAddress else { return }
            dropout(rule, rows: 3, columns: 25, x: p, xStride: 25, y: p, yStride: 25)
        }
        #expect(apart == inPlace)
    }

    @Test func rateZeroChangesNothing() {
        #expect(mask(0, DropoutKey(seed: 9), columns: 1_000).allSatisfy { $0 == 1 })
    }
}
