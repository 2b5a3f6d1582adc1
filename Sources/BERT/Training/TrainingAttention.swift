import Kernels

/// Attention in training, of whole texts or, in the last layer, of their first rows only. Each forward is followed by
/// its backward.
struct TrainingAttention {
    let configuration: BERTConfiguration
    let layer: Int
    let memory: Workspace
    private var hidden: Int { configuration.hidden }

    private func shape(_ tokens: Int) -> AttentionShape {
        AttentionShape(tokens: tokens, heads: configuration.heads, headSize: configuration.headSize)
    }

    private func dropout(_ step: TrainingStep, _ text: Int) -> Dropout? {
        step.dropout?.at(.attention, layer: layer, sequence: step.texts.first + text)
    }

    // MARK: - Whole texts

    /// The number of floats in `probabilities`.
    func probabilityCount(_ step: TrainingStep, firstRowsOnly: Bool) -> Int {
        step.texts.ranges.reduce(0) { $0 + configuration.heads * $1.count * (firstRowsOnly ? 1 : $1.count) }
    }

    /// context[rows, hidden] from fused[rows, 3·hidden].
    func forward(
        _ step: TrainingStep, fused: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>,
        context: UnsafeMutablePointer<Float>
    ) {
        var kept = probabilities
        for (text, rows) in step.texts.ranges.enumerated() {
            let shape = shape(rows.count)
            let q = fused + rows.lowerBound * 3 * hidden
            attention(
                shape, q: q, k: q + hidden, v: q + 2 * hidden, stride: 3 * hidden,
                y: context + rows.lowerBound * hidden, yStride: hidden,
                probabilities: kept, dropout: dropout(step, text),
                scratch: memory.floats(.attention, shape.scratchCount))
            kept += shape.probabilityCount
        }
    }

    /// dFused[rows, 3·hidden] from dContext[rows, hidden].
    func backward(
        _ step: TrainingStep, fused: UnsafePointer<Float>, probabilities: UnsafePointer<Float>,
        dContext: UnsafePointer<Float>,
        dFused: UnsafeMutablePointer<Float>
    ) {
        var kept = probabilities
        for (text, rows) in step.texts.ranges.enumerated() {
            let shape = shape(rows.count)
            let q = fused + rows.lowerBound * 3 * hidden
            let dq = dFused + rows.lowerBound * 3 * hidden
            attentionBackward(
                shape, q: q, k: q + hidden, v: q + 2 * hidden, stride: 3 * hidden, probabilities: kept,
                dropout: dropout(step, text),
                dy: dContext + rows.lowerBound * hidden, dyStride: hidden, dq: dq, dk: dq + hidden, dv: dq + 2 * hidden,
                dStride: 3 * hidden, scratch: memory.floats(.attention, shape.backwardScratchCount))
            kept += shape.probabilityCount
        }
    }

    // MARK: - First rows

    /// context[texts, hidden] from queries[texts, hidden] and the keys and values in fused[rows, 3·hidden].
    func forwardFirstRows(
        _ step: TrainingStep, queries: UnsafePointer<Float>, fused: UnsafePointer<Float>,
        probabilities: UnsafeMutablePointer<Float>,
        context: UnsafeMutablePointer<Float>
    ) {
        let (heads, size) = (configuration.heads, configuration.headSize)
        var kept = probabilities
        for (text, rows) in step.texts.ranges.enumerated() {
            let (n, k) = (rows.count, fused + rows.lowerBound * 3 * hidden + hidden)
            for head in 0..<heads {
                gemm(
                    m: 1, n: n, k: size, a: queries + text * hidden + head * size, lda: size, b: k + head * size,
                    ldb: 3 * hidden,
                    transposeB: true, c: kept + head * n, ldc: n)
            }
            Kernels.softmax(rows: heads, columns: n, x: kept, xStride: n, scale: shape(n).scale, y: kept, yStride: n)
            let weights = weighted(step, text, probabilities: kept, tokens: n)
            for head in 0..<heads {
                gemm(
                    m: 1, n: size, k: n, a: weights + head * n, lda: n, b: k + hidden + head * size, ldb: 3 * hidden,
                    c: context + text * hidden + head * size, ldc: size)
            }
            kept += heads * n
        }
    }

    /// dQueries[texts, hidden] and the keys' and values' columns of dFused[rows, 3·hidden] from dContext[texts,
    /// hidden].
    func backwardFirstRows(
        _ step: TrainingStep, queries: UnsafePointer<Float>, fused: UnsafePointer<Float>,
        probabilities: UnsafePointer<Float>,
        dContext: UnsafePointer<Float>, dQueries: UnsafeMutablePointer<Float>, dFused: UnsafeMutablePointer<Float>
    ) {
        let (heads, size, stride) = (configuration.heads, configuration.headSize, 3 * hidden)
        var kept = probabilities
        for (text, rows) in step.texts.ranges.enumerated() {
            let n = rows.count
            let k = fused + rows.lowerBound * stride + hidden
            let dk = dFused + rows.lowerBound * stride + hidden
            let dy = dContext + text * hidden
            let weights = weighted(step, text, probabilities: kept, tokens: n)
            let dScores = memory.floats(.gradientDown, heads * n)
            for head in 0..<heads {
                let at = head * size
                gemm(
                    m: n, n: size, k: 1, a: weights + head * n, lda: 1, b: dy + at, ldb: size, c: dk + hidden + at,
                    ldc: stride)
                gemm(
                    m: 1, n: n, k: size, a: dy + at, lda: size, b: k + hidden + at, ldb: stride, transposeB: true,
                    c: dScores + head * n,
                    ldc: n)
            }
            if let dropped = dropout(step, text) {
                Kernels.dropout(dropped, rows: heads, columns: n, x: dScores, xStride: n, y: dScores, yStride: n)
            }
            softmaxBackward(
                rows: heads, columns: n, y: kept, yStride: n, dy: dScores, dyStride: n, scale: shape(n).scale,
                dx: dScores, dxStride: n)
            for head in 0..<heads {
                let at = head * size
                gemm(
                    m: 1, n: size, k: n, a: dScores + head * n, lda: n, b: k + at, ldb: stride,
                    c: dQueries + text * hidden + at, ldc: size)
                gemm(
                    m: n, n: size, k: 1, a: dScores + head * n, lda: 1, b: queries + text * hidden + at, ldb: size,
                    c: dk + at, ldc: stride)
            }
            kept += heads * n
        }
    }

    /// Probabilities after dropout, [heads, tokens].
    private func weighted(
        _ step: TrainingStep, _ text: Int, probabilities: UnsafePointer<Float>, tokens: Int
    ) -> UnsafePointer<Float> {
        guard let dropped = dropout(step, text) else { return probabilities }
        let count = configuration.heads * tokens
        let weights = memory.floats(.attention, count)
        Kernels.dropout(
            dropped, rows: configuration.heads, columns: tokens, x: probabilities, xStride: tokens, y: weights,
            yStride: tokens)
        return UnsafePointer(weights)
    }
}
