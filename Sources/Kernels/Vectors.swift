import CVectorKernels

/// y += x.
public func add(count: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    lk_axpy(count, 1, x, y)
}

/// x *= alpha.
public func scale(count: Int, alpha: Float, x: UnsafeMutablePointer<Float>) {
    lk_scale(count, alpha, x)
}

/// Σ x², in double precision.
public func squaredNorm(count: Int, x: UnsafePointer<Float>) -> Double {
    lk_squared_norm(count, x)
}

/// sums[columns] += the column sums of x[rows, columns]: the gradient of a bias.
public func columnSums(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, sums: UnsafeMutablePointer<Float>
) {
    lk_column_sums(rows, columns, x, xStride, sums)
}

/// y[columns, rows] = the transpose of x[rows, columns].
public func transpose(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_transpose(rows, columns, x, xStride, y, yStride)
}
