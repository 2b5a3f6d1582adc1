import CVectorKernels

/// The nonlinearities that BERT models use.
public enum Activation: Int32, Sendable, CaseIterable {
    /// `gelu`: x·Φ(x) by the error function.
    case geluErf = 0
    /// `gelu_new`, `gelu_pytorch_tanh`: the approximation by tanh.
    case geluTanh = 1
    case relu = 2
    case tanh = 3
}

/// y = activation(x + bias), `bias` one row or nil; in place allowed.
public func activate(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, bias: UnsafePointer<Float>? = nil,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_activate(activation.rawValue, rows, columns, x, xStride, bias, y, yStride)
}

/// dx (+)= dy · activation′(x), where x includes the bias: the backward of ``activate``. `dx` may be `dy`.
public func activateBackward(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int,
    dx: UnsafeMutablePointer<Float>, dxStride: Int, accumulate: Bool = false
) {
    lk_activate_backward(activation.rawValue, rows, columns, x, xStride, dy, dyStride, dx, dxStride, accumulate)
}
