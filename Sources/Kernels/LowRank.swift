import CVectorKernels

// A LoRA pair over a range of rows: y += scale · (x·Aᵀ)·Bᵀ, in two steps. The A matrices of several targets over the
// same x can thus lie one below the other and take one call.

/// The highest rank that the vector kernel transposes on its stack.
private let maximumTileRank = 64

/// down[rows, rank] = x[rows, inputs] · aᵀ, `a` stored as [rank, inputs].
public func lowRankDown(
    rows: Int, inputs: Int, rank: Int,
    x: UnsafePointer<Float>, xStride: Int, a: UnsafePointer<Float>,
    down: UnsafeMutablePointer<Float>, downStride: Int
) {
    lk_low_rank_down(rows, inputs, rank, x, xStride, a, down, downStride)
}

/// y[rows, outputs] += scale · down[rows, rank] · bᵀ, `b` stored as [outputs, rank] (as PEFT does).
public func lowRankUp(
    rows: Int, rank: Int, outputs: Int,
    down: UnsafePointer<Float>, downStride: Int, b: UnsafePointer<Float>, scale: Float,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    guard rank <= maximumTileRank else {
        return gemm(
            m: rows, n: outputs, k: rank, alpha: scale, a: down, lda: downStride, b: b, ldb: rank, transposeB: true,
            beta: 1, c: y, ldc: yStride)
    }
    lk_low_rank_up(rows, rank, outputs, down, downStride, b, false, scale, y, yStride)
}

/// y[rows, outputs] += scale · down[rows, rank] · bTransposed, stored as [rank, outputs]. This layout is faster for few
/// rows.
public func lowRankUp(
    rows: Int, rank: Int, outputs: Int,
    down: UnsafePointer<Float>, downStride: Int, bTransposed: UnsafePointer<Float>, scale: Float,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_low_rank_up(rows, rank, outputs, down, downStride, bTransposed, true, scale, y, yStride)
}

/// Backward of ``lowRankUp(rows:rank:outputs:down:downStride:b:scale:y:yStride:)``.
///
/// dDown[rows, rank] = scale · dy · b; dB[outputs, rank] += scale · dyᵀ · down.
public func lowRankUpBackward(
    rows: Int, rank: Int, outputs: Int,
    down: UnsafePointer<Float>, downStride: Int, b: UnsafePointer<Float>, scale: Float,
    dy: UnsafePointer<Float>, dyStride: Int,
    dDown: UnsafeMutablePointer<Float>, dDownStride: Int, dB: UnsafeMutablePointer<Float>
) {
    gemm(
        m: rows, n: rank, k: outputs, alpha: scale, a: dy, lda: dyStride, b: b, ldb: rank, c: dDown, ldc: dDownStride)
    gemm(
        m: outputs, n: rank, k: rows, alpha: scale, a: dy, lda: dyStride, transposeA: true, b: down, ldb: downStride,
        beta: 1, c: dB, ldc: rank)
}

/// Backward of ``lowRankDown(rows:inputs:rank:x:xStride:a:down:downStride:)``.
///
/// dA[rank, inputs] += dDownᵀ · x; dx[rows, inputs] += dDown · a, unless `dx` is nil because no layer below needs it.
public func lowRankDownBackward(
    rows: Int, inputs: Int, rank: Int,
    x: UnsafePointer<Float>, xStride: Int, a: UnsafePointer<Float>,
    dDown: UnsafePointer<Float>, dDownStride: Int,
    dA: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>?, dxStride: Int
) {
    gemm(
        m: rank, n: inputs, k: rows, a: dDown, lda: dDownStride, transposeA: true, b: x, ldb: xStride,
        beta: 1, c: dA, ldc: inputs)
    if let dx { lk_low_rank_up(rows, rank, inputs, dDown, dDownStride, a, true, 1, dx, dxStride) }
}
