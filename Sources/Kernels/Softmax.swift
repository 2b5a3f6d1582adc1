import CVectorKernels

/// y = softmax(scale · x), row by row; in place allowed. A probability is either normal or exactly zero.
public func softmax(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, scale: Float = 1,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_softmax(rows, columns, x, xStride, scale, y, yStride)
}

/// dx = scale · y · (dy − ⟨y, dy⟩), row by row: the backward of ``softmax``. `dx` may be `dy`.
public func softmaxBackward(
    rows: Int, columns: Int, y: UnsafePointer<Float>, yStride: Int, dy: UnsafePointer<Float>, dyStride: Int,
    scale: Float = 1,
    dx: UnsafeMutablePointer<Float>, dxStride: Int
) {
    lk_softmax_backward(rows, columns, y, yStride, dy, dyStride, scale, dx, dxStride)
}
