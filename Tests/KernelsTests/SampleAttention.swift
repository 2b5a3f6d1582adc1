import Kernels

/// The attention of one sequence of random numbers, for kernels that also write its rows in another type.
struct SampleAttention {
    let shape = AttentionShape(tokens: 19, queries: 5, heads: 3, headSize: 11)

    /// What `attention` writes, [queries, columns], and what another kernel writes as floats.
    func besidePlain(
        _ other: (
            _ shape: AttentionShape, _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>,
            _ stride: Int, _ y: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
        ) -> Void
    ) -> (plain: [Float], other: [Float]) {
        var random = Random(seed: 7)
        let columns = shape.columns
        let x = random.floats(shape.tokens * 3 * columns, in: -2...2)
        var scratch = [Float](repeating: 0, count: shape.scratchCount)
        var plain = [Float](repeating: gap, count: shape.queries * columns)
        var y = plain
        x.withUnsafeBufferPointer { x in
            guard let q = x.baseAddress else { return }
            let (k, v) = (q + columns, q + 2 * columns)
            attention(
                shape, q: q, k: k, v: v, stride: 3 * columns, y: &plain, yStride: columns, scratch: &scratch)
            other(shape, q, k, v, 3 * columns, &y, &scratch)
        }
        return (plain, y)
    }
}
