import Kernels
import Testing

@Suite struct VectorsTests {
    @Test(arguments: awkwardLengths)
    func elementwiseOperationsEqualTheirTwins(count: Int) {
        var random = Random(seed: UInt64(count))
        let x = random.floats(count)
        let before = random.floats(count)
        var y = before
        add(count: count, x: x, y: &y)
        #expect(y == zip(x, before).map { $0 + $1 })
        y = before
        scale(count: count, alpha: -3, x: &y)
        #expect(y == before.map { -3 * $0 })
        let norm = doubles(x).reduce(0) { $0 + $1 * $1 }
        #expect(abs(squaredNorm(count: count, x: x) - norm) <= 1e-12 * norm)
    }

    @Test(arguments: awkwardLengths)
    func rowOperationsEqualTheirTwins(columns: Int) {
        var random = Random(seed: UInt64(columns))
        let rows = 5
        let x = random.floats(rows * columns)
        var sums = [Float](repeating: 1, count: columns)
        columnSums(
            rows: rows, columns: columns, x: strided(x, rows: rows, columns: columns, padding: 3), xStride: columns + 3,
            sums: &sums)
        let expected = (0..<columns).map { c in (0..<rows).reduce(1.0) { $0 + Double(x[$1 * columns + c]) } }
        expectClose(sums, expected, within: 1e-6, "columnSums")

        var turned = [Float](repeating: 0, count: rows * columns)
        transpose(rows: rows, columns: columns, x: x, xStride: columns, y: &turned, yStride: rows)
        #expect(turned == (0..<columns).flatMap { c in (0..<rows).map { x[$0 * columns + c] } })
    }

    @Test(arguments: awkwardLengths)
    func embeddingsAreSummed(columns: Int) {
        var random = Random(seed: UInt64(columns))
        let words = random.floats(50 * columns)
        let positions = random.floats(9 * columns)
        let type = random.floats(columns)
        let ids: [Int32] = [49, 0, 7, 7, 13, 2, 48]
        for type in [nil, type] {
            var y = [Float](repeating: gap, count: ids.count * (columns + 2))
            embeddingSum(
                tokens: ids.count, columns: columns, ids: ids, words: words, positions: positions, type: type, y: &y,
                yStride: columns + 2)
            let expected = ids.enumerated().flatMap { i, id in
                (0..<columns).map { c -> Double in
                    let word = Double(words[Int(id) * columns + c])
                    let position = Double(positions[i * columns + c])
                    return word + position + Double(type?[c] ?? 0)
                }
            }
            expectClose(compact(y, rows: ids.count, columns: columns, padding: 2), expected, within: 1e-6, "\(columns)")
        }
    }
}
