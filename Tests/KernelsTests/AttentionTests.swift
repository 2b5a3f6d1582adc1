import Kernels
import Testing

@Suite struct AttentionTests {
    init() { BLAS.configure() }

    /// Runs the kernel on q, k, v as three column ranges of one fused matrix with a gap after each row.
    private func run(
        _ shape: AttentionShape, _ q: [Float], _ k: [Float], _ v: [Float], dropout: Dropout? = nil
    ) -> (y: [Float], probabilities: [Float]) {
        let columns = shape.columns
        let stride = 3 * columns + 5
        var fused = [Float](repeating: gap, count: shape.tokens * stride)
        for i in 0..<shape.tokens {
            for (part, x) in [q, k, v].enumerated() {
                fused.replaceSubrange(
                    i * stride + part * columns..<i * stride + (part + 1) * columns,
                    with: x[i * columns..<(i + 1) * columns])
            }
        }
        var y = [Float](repeating: gap, count: shape.tokens * (columns + 1))
        var probabilities = [Float](repeating: gap, count: shape.probabilityCount)
        var scratch = [Float](repeating: gap, count: shape.scratchCount)
        fused.withUnsafeBufferPointer { fused in
            guard let p = fused.baseAddress else { return }
            attention(
                shape, q: p, k: p + columns, v: p + 2 * columns, stride: stride, y: &y, yStride: columns + 1,
                probabilities: &probabilities, dropout: dropout, scratch: &scratch)
        }
        return (compact(y, rows: shape.tokens, columns: columns, padding: 1), probabilities)
    }

    @Test(arguments: [1, 2, 7, 16, 25, 33, 64, 130, 383], [(1, 7), (2, 16), (3, 32), (2, 33), (1, 64), (2, 5)])
    func equalsItsTwin(tokens: Int, heads: (count: Int, size: Int)) {
        let shape = AttentionShape(tokens: tokens, heads: heads.count, headSize: heads.size)
        let seed = UInt64(tokens * 1000 + shape.columns)
        var random = Random(seed: seed)
        let (q, k, v) = random.attentionInputs(shape)
        let (y, probabilities) = run(shape, q, k, v)
        let expected = Naive.attention(shape, doubles(q), doubles(k), doubles(v))
        expectClose(y, expected.y, within: 2e-5, "y, seed \(seed)")
        expectClose(probabilities, expected.probabilities, within: 2e-5, "probabilities, seed \(seed)")
    }

    @Test(arguments: [1, 3, 9])
    func fewQueriesGiveTheFirstRowsOfAll(queries: Int) {
        var random = Random(seed: 23)
        let x = random.floats(27 * 64)
        let all = run(AttentionShape(tokens: 27, heads: 2, headSize: 32), x, x, x).y
        let shape = AttentionShape(tokens: 27, queries: queries, heads: 2, headSize: 32)
        var y = [Float](repeating: gap, count: queries * 64)
        var scratch = [Float](repeating: gap, count: shape.scratchCount)
        attention(shape, q: x, k: x, v: x, stride: 64, y: &y, yStride: 64, scratch: &scratch)
        #expect(y == Array(all[..<(queries * 64)]))
    }

    @Test func keepingProbabilitiesChangesNothing() {
        var random = Random(seed: 20)
        let shape = AttentionShape(tokens: 27, heads: 2, headSize: 32)
        let x = random.floats(27 * 64)
        let kept = run(shape, x, x, x).y
        var y = [Float](repeating: 0, count: 27 * 64)
        var scratch = [Float](repeating: 0, count: shape.scratchCount)
        attention(shape, q: x, k: x, v: x, stride: 64, y: &y, yStride: 64, scratch: &scratch)
        #expect(y == kept)
    }

    @Test func distantScoresGiveExactZerosNotSubnormals() {
        let shape = AttentionShape(tokens: 40, heads: 1, headSize: 16)
        var random = Random(seed: 21)
        let q = random.floats(40 * 16, in: -40...40)
        let (y, probabilities) = run(shape, q, q, q)
        #expect(y.allSatisfy { $0.isFinite })
        #expect(!probabilities.contains { $0.isSubnormal })
        #expect(probabilities.contains(0))
    }

    @Test(arguments: [nil, Dropout(rate: 0.3, key: DropoutKey(seed: 4))], [(1, 5), (7, 4), (9, 3), (18, 16)])
    func backwardEqualsCentralDifferences(dropout: Dropout?, size: (tokens: Int, headSize: Int)) {
        let shape = AttentionShape(tokens: size.tokens, heads: 2, headSize: size.headSize)
        let columns = shape.columns
        let count = shape.tokens * columns
        let seed = UInt64(400 + count)
        var random = Random(seed: seed)
        let (q, k, v, dy) = (random.floats(count), random.floats(count), random.floats(count), random.floats(count))
        let (y, probabilities) = run(shape, q, k, v, dropout: dropout)

        var masks: [Double]?
        if let dropout {
            let ones = [Float](repeating: 1, count: shape.probabilityCount)
            var kept = ones
            Kernels.dropout(dropout, rows: 1, columns: ones.count, x: ones, xStride: 0, y: &kept, yStride: 0)
            masks = doubles(kept)
        }
        expectClose(
            y, Naive.attention(shape, doubles(q), doubles(k), doubles(v), masks: masks).y, within: 1e-5,
            "y, seed \(seed)")

        var (dq, dk, dv) = (q, k, v)
        var scratch = [Float](repeating: gap, count: shape.backwardScratchCount)
        attentionBackward(
            shape, q: q, k: k, v: v, stride: columns, probabilities: probabilities, dropout: dropout, dy: dy,
            dyStride: columns,
            dq: &dq, dk: &dk, dv: &dv, dStride: columns, scratch: &scratch)
        let loss = { (q: [Double], k: [Double], v: [Double]) in
            inner(dy, Naive.attention(shape, q, k, v, masks: masks).y)
        }
        let (qs, ks, vs) = (doubles(q), doubles(k), doubles(v))
        expectClose(dq, centralDifferences(at: q) { loss($0, ks, vs) }, within: 1e-5, "dq, seed \(seed)")
        expectClose(dk, centralDifferences(at: k) { loss(qs, $0, vs) }, within: 1e-5, "dk, seed \(seed)")
        expectClose(dv, centralDifferences(at: v) { loss(qs, ks, $0) }, within: 1e-5, "dv, seed \(seed)")
    }
}
