import COpenBLAS

/// c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c.
///
/// `a` is stored as [m, k], or [k, m] if `transposeA`; `b` as [k, n], or [n, k] if `transposeB`. `lda`, `ldb` and `ldc`
/// are row strides. With `beta` 0, `c` is not read. `c` must not overlap `a` or `b`.
public func gemm(
    m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
    beta: Float = 0, c: UnsafeMutablePointer<Float>, ldc: Int
) {
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
}
