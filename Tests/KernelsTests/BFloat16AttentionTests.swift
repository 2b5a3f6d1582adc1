import Kernels
import Testing

/// On a CPU without the instructions, `make test-kernels` tries them in C.
@Suite(.enabled(if: hasBFloat16Attention, "takes AVX-512 BF16")) struct BFloat16AttentionTests {
    private func run(_ shape: AttentionShape, _ q: [Float], _ k: [Float], _ v: [Float]) -> [Float] {
        let columns = shape.columns
        var scratch = [Float](repeating: gap, count: shape.scratchCount)
        return padded(rows: shape.queries, columns: columns, before: nil) { y, stride in
            attentionInBFloat16(
                shape, q: q, k: k, v: v, stride: columns, y: y, yStride: stride, scratch: &scratch)
        }
    }

    private func rounded(_ x: [Float], times factor: Float = 1) throws -> [Double] {
        try x.map { Double(try #require(nearestBFloat16($0 * factor))) }
    }

    @Test(arguments: [1, 2, 7, 16, 25, 33, 64, 130, 383], [(1, 7), (2, 16), (3, 32), (2, 33), (1, 64), (2, 5)])
    func equalsItsTwinOfRoundedOperands(tokens: Int, heads: (count: Int, size: Int)) throws {
        let shape = AttentionShape(tokens: tokens, heads: heads.count, headSize: heads.size)
        let seed = UInt64(tokens * 1000 + shape.columns)
        var random = Random(seed: seed)
        let (q, k, v) = random.attentionInputs(shape)
        // The scores are exponents of 2; the twin's are exponents of e.
        let log2e: Float = 1.44269504
        let queries = try rounded(q, times: shape.scale * log2e).map { $0 / Double(shape.scale) / Double(log2e) }
        let expected = Naive.attention(shape, queries, try rounded(k), try rounded(v))
        expectClose(run(shape, q, k, v), expected.y, within: 0x1p-8 + 1e-3, "y, seed \(seed)")
    }

    @Test(arguments: [1, 3, 9, 20]) func aRowHasTheSameBitsWhateverTheOthersAre(queries: Int) {
        var random = Random(seed: 23)
        let x = random.floats(27 * 64)
        let all = run(AttentionShape(tokens: 27, heads: 2, headSize: 32), x, x, x)
        let few = run(AttentionShape(tokens: 27, queries: queries, heads: 2, headSize: 32), x, x, x)
        #expect(few == Array(all[..<(queries * 64)]))
    }

    @Test func equalScoresGiveTheMean() {
        let shape = AttentionShape(tokens: 50, heads: 1, headSize: 16)
        let zeros = [Float](repeating: 0, count: 50 * 16)
        let y = run(shape, zeros, zeros, (0..<50 * 16).map { Float($0 / 16 % 2) })
        #expect(y.allSatisfy { abs($0 - 0.5) < 1e-6 })
    }

    @Test(arguments: [Float(40), 1e6, 1e30]) func distantScoresGiveFiniteRows(size: Float) {
        var random = Random(seed: 21)
        let q = random.floats(40 * 16, in: -size...size)
        let y = run(AttentionShape(tokens: 40, heads: 1, headSize: 16), q, [Float](repeating: 1, count: 40 * 16), q)
        #expect(y.allSatisfy { $0.isFinite })
    }

    @Test func aQueryWithANaNGivesNaNInItsRow() {
        var random = Random(seed: 22)
        let x = random.floats(11 * 32)
        var q = x
        q[5 * 32 + 3] = .nan
        let y = run(AttentionShape(tokens: 11, heads: 1, headSize: 32), q, x, x)
        #expect(y.indices.allSatisfy { y[$0].isNaN == ($0 / 32 == 5) })
    }
}
