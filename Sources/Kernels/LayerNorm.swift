import CVectorKernels

/// What the forward pass of a layer norm records for the backward pass.
public struct LayerNormRecord {
    /// x + residual, [rows, columns]. May be `x` itself; the sum is then formed in place.
    public var sum: UnsafeMutablePointer<Float>
    /// The row stride of `sum`.
    public var sumStride: Int
    /// The mean of each row.
    public var means: UnsafeMutablePointer<Float>
    /// 1/√(variance + epsilon) of each row.
    public var inverseDeviations: UnsafeMutablePointer<Float>

    /// A record in these buffers, the last two of [rows].
    public init(
        sum: UnsafeMutablePointer<Float>, sumStride: Int, means: UnsafeMutablePointer<Float>,
        inverseDeviations: UnsafeMutablePointer<Float>
    ) {
        self.sum = sum
        self.sumStride = sumStride
        self.means = means
        self.inverseDeviations = inverseDeviations
    }
}

/// y = (s − mean(s)) / √(variance(s) + epsilon) · gamma + beta with s = x + residual, row by row.
///
/// `y` may be `x` or `residual`. With a `record`, also writes what the backward pass needs.
public func layerNorm(
    rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int = 0,
    gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float,
    y: UnsafeMutablePointer<Float>, yStride: Int, record: LayerNormRecord? = nil
) {
    lk_layer_norm(
        rows, columns, x, xStride, residual, residualStride, gamma, beta, epsilon, y, yStride,
        record?.sum, record?.sumStride ?? 0, record?.means, record?.inverseDeviations)
}

/// Backward of ``layerNorm``: dx is the gradient of x and also of the residual. `dx` may be `dy`.
///
/// - Parameters:
///   - dGamma: accumulates if given; nil over a frozen base.
///   - dBeta: the same.
public func layerNormBackward(
    rows: Int, columns: Int, record: LayerNormRecord, gamma: UnsafePointer<Float>,
    dy: UnsafePointer<Float>, dyStride: Int,
    dx: UnsafeMutablePointer<Float>, dxStride: Int, accumulate: Bool = false,
    dGamma: UnsafeMutablePointer<Float>? = nil, dBeta: UnsafeMutablePointer<Float>? = nil
) {
    lk_layer_norm_backward(
        rows, columns, record.sum, record.sumStride, record.means, record.inverseDeviations, gamma, dy, dyStride, dx,
        dxStride,
        accumulate, dGamma, dBeta)
}
