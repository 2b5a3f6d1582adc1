import CVectorKernels

/// y = softmax(scale · x), row by row. May run in place. A probability is either a normal number or exactly zero.
public func softmax(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, scale: Float = 1,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_softmax(rows, columns, x, xStride, scale, y, yStride)
}

/// Backward of ``softmax``: dx = scale · y · (dy − ⟨y, dy⟩), row by row. `dx` may be `dy`.
public func softmaxBackward(
    rows: Int, columns: Int, y: UnsafePointer<Float>, yStride: Int, dy: UnsafePointer<Float>, dyStride: Int,
    scale: Float = 1,
    dx: UnsafeMutablePointer<Float>, dxStride: Int
) {
    lk_softmax_backward(rows, columns, y, yStride, dy, dyStride, scale, dx, dxStride)
}
