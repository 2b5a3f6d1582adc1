import CVectorKernels

/// The activation functions of BERT models.
public enum Activation: Int32, Sendable, CaseIterable {
    /// `gelu`: x·Φ(x), with the error function.
    case geluErf = 0
    /// `gelu_new` and `gelu_pytorch_tanh`: the approximation with tanh.
    case geluTanh = 1
    /// `relu`: max(x, 0).
    case relu = 2
    /// `tanh`.
    case tanh = 3
}

/// y = activation(x + bias), where `bias` is one row or nil. May run in place.
public func activate(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, bias: UnsafePointer<Float>? = nil,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_activate(activation.rawValue, rows, columns, x, xStride, bias, y, yStride)
}

/// Backward of ``activate``: dx (+)= dy · activation′(x), where x includes the bias. `dx` may be `dy`.
public func activateBackward(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int,
    dx: UnsafeMutablePointer<Float>, dxStride: Int, accumulate: Bool = false
) {
    lk_activate_backward(activation.rawValue, rows, columns, x, xStride, dy, dyStride, dx, dxStride, accumulate)
}
