import CVectorKernels

/// The shape of the attention of one sequence.
public struct AttentionShape: Sendable, Equatable {
    /// The length of the sequence: rows of k and v.
    public var tokens: Int
    /// Rows of q and y: the first tokens of the sequence.
    public var queries: Int
    /// The number of heads.
    public var heads: Int
    /// Columns per head.
    public var headSize: Int

    /// A shape; every token is a query by default.
    public init(tokens: Int, queries: Int? = nil, heads: Int, headSize: Int) {
        self.tokens = tokens
        self.queries = queries ?? tokens
        self.heads = heads
        self.headSize = headSize
    }

    /// Columns of q, k, v and the output: heads · headSize.
    public var columns: Int { heads * headSize }
    /// Floats of scratch that ``attention`` and ``attentionInBFloat16`` need.
    public var scratchCount: Int {
        max(
            lk_attention_scratch(tokens, headSize),
            hasBFloat16Attention ? lk_bf16_attention_scratch(tokens, headSize) : 0)
    }
    /// Floats of scratch that ``attentionBackward`` needs.
    public var backwardScratchCount: Int { 2 * tokens * tokens }
    /// Floats of probabilities: [heads, queries, tokens].
    public var probabilityCount: Int { heads * queries * tokens }
    /// 1/√headSize.
    public var scale: Float { 1 / Float(headSize).squareRoot() }
}

/// y = softmax(q·kᵀ/√headSize)·v for every head of one sequence.
///
/// Head h is columns h·headSize ..< (h+1)·headSize of q, k, v and y. The inputs share `stride`, so they may be three
/// column ranges of one fused projection [tokens, 3·columns]. `y` must not overlap them.
///
/// - Parameters:
///   - probabilities: if given, receives the probabilities before dropout, [heads, queries, tokens], for the backward
///     pass.
///   - dropout: of the probabilities; an element's index is its position in `probabilities`.
///   - scratch: ``AttentionShape/scratchCount`` floats.
public func attention(
    _ shape: AttentionShape,
    q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>, stride: Int,
    y: UnsafeMutablePointer<Float>, yStride: Int,
    probabilities: UnsafeMutablePointer<Float>? = nil, dropout: Dropout? = nil,
    scratch: UnsafeMutablePointer<Float>
) {
    lk_attention(
        shape.tokens, shape.queries, shape.heads, shape.headSize, q, k, v, stride, shape.scale, y, yStride,
        probabilities,
        dropout?.rate ?? 0, dropout?.key.bits ?? 0, scratch)
}

/// Whether this CPU has ``attentionInBFloat16``: it takes AVX-512 BF16.
public let hasBFloat16Attention = lk_has_bf16_attention()

/// ``attention`` for inference, with queries, keys, values and the exponentials of the scores rounded to bfloat16;
/// scores, sums and the division by the sum are float32. Only if ``hasBFloat16Attention``.
///
/// A result deviates from that of rounded queries (times 1/√headSize · log₂e), keys and values by at most 2⁻⁸ + 10⁻³ of
/// the largest value of its column. A row's result has the same bits whatever the other queries are. A row with a NaN
/// gives NaN.
///
/// - Parameter scratch: ``AttentionShape/scratchCount`` floats.
public func attentionInBFloat16(
    _ shape: AttentionShape,
    q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>, stride: Int,
    y: UnsafeMutablePointer<Float>, yStride: Int, scratch: UnsafeMutablePointer<Float>
) {
    precondition(hasBFloat16Attention, "this CPU lacks AVX-512 BF16")
    lk_bf16_attention(
        shape.tokens, shape.queries, shape.heads, shape.headSize, q, k, v, stride, shape.scale, y, yStride, scratch)
}

/// Backward of ``attention``: writes dq, dk and dv, each [tokens, columns] with row stride `dStride`. Every token must
/// be a query.
///
/// - Parameters:
///   - probabilities: written by the forward pass.
///   - dropout: that of the forward pass.
///   - dy: the gradient of y.
///   - scratch: ``AttentionShape/backwardScratchCount`` floats.
public func attentionBackward(
    _ shape: AttentionShape,
    q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>, stride: Int,
    probabilities: UnsafePointer<Float>, dropout: Dropout? = nil,
    dy: UnsafePointer<Float>, dyStride: Int,
    dq: UnsafeMutablePointer<Float>, dk: UnsafeMutablePointer<Float>, dv: UnsafeMutablePointer<Float>, dStride: Int,
    scratch: UnsafeMutablePointer<Float>
) {
    let n = shape.tokens
    let size = shape.headSize
    let dropped = scratch
    let dScores = scratch + n * n
    for head in 0..<shape.heads {
        let at = head * size
        let p = probabilities + head * n * n
        var weights = p
        if let dropout {
            lk_dropout_at(n * n, dropout.rate, dropout.key.bits, head * n * n, p, dropped)
            weights = UnsafePointer(dropped)
        }
        gemm(
            m: n, n: size, k: n, a: weights, lda: n, transposeA: true, b: dy + at, ldb: dyStride, c: dv + at,
            ldc: dStride)
        gemm(
            m: n, n: n, k: size, a: dy + at, lda: dyStride, b: v + at, ldb: stride, transposeB: true, c: dScores, ldc: n
        )
        if let dropout {
            lk_dropout_at(n * n, dropout.rate, dropout.key.bits, head * n * n, dScores, dScores)
        }
        lk_softmax_backward(n, n, p, n, dScores, n, shape.scale, dScores, n)
        gemm(m: n, n: size, k: n, a: dScores, lda: n, b: k + at, ldb: stride, c: dq + at, ldc: dStride)
        gemm(
            m: n, n: size, k: n, a: dScores, lda: n, transposeA: true, b: q + at, ldb: stride, c: dk + at, ldc: dStride)
    }
}
