import CVectorKernels

/// y[rows, outputs] = x[rows, inputs] · weightᵀ + bias, `weight` stored as [outputs, inputs].
///
/// Several linear layers over the same `x`, such as query, key and value, are one call if their weights lie one below
/// the other.
public func linear(
    rows: Int, inputs: Int, outputs: Int,
    x: UnsafePointer<Float>, xStride: Int,
    weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    // OpenBLAS writes zeros to c before it adds. Writing the bias instead costs nothing.
    if let bias { lk_fill_rows(rows, outputs, bias, y, yStride) }
    gemm(
        m: rows, n: outputs, k: inputs, a: x, lda: xStride, b: weight, ldb: inputs, transposeB: true,
        beta: bias == nil ? 0 : 1, c: y, ldc: yStride)
}

/// Backward of ``linear`` to its input: dx[rows, inputs] (+)= dy[rows, outputs] · weight.
public func linearBackwardInput(
    rows: Int, inputs: Int, outputs: Int,
    dy: UnsafePointer<Float>, dyStride: Int, weight: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, dxStride: Int, accumulate: Bool = false
) {
    gemm(
        m: rows, n: inputs, k: outputs, a: dy, lda: dyStride, b: weight, ldb: inputs,
        beta: accumulate ? 1 : 0, c: dx, ldc: dxStride)
}

/// Backward of ``linear`` to its weight: dWeight[outputs, inputs] += dyᵀ · x and, if given, dBias[outputs] += the
/// column sums of dy.
public func linearBackwardWeight(
    rows: Int, inputs: Int, outputs: Int,
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int,
    dWeight: UnsafeMutablePointer<Float>, dBias: UnsafeMutablePointer<Float>?
) {
    gemm(
        m: outputs, n: inputs, k: rows, a: dy, lda: dyStride, transposeA: true, b: x, ldb: xStride,
        beta: 1, c: dWeight, ldc: inputs)
    if let dBias { lk_column_sums(rows, outputs, dy, dyStride, dBias) }
}
