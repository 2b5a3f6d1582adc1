import Kernels

/// A frozen linear layer with its weights laid out for the GEMM: y = x·Wᵀ + b.
///
/// Model code sees only `forward` and `backwardInput`: another precision (int8, bfloat16) is another case of `Storage`.
struct PackedLinear: Sendable {
    /// How the weights are kept.
    enum Storage: Sendable {
        /// Row-major [outputs, inputs].
        case float32(FloatStorage)
    }

    let inputs: Int
    let outputs: Int
    private let storage: Storage
    /// [outputs]
    let bias: FloatStorage

    /// `weight` is row-major [outputs, inputs], `bias` is [outputs].
    init(inputs: Int, outputs: Int, weight: FloatStorage, bias: FloatStorage) {
        self.inputs = inputs
        self.outputs = outputs
        self.storage = .float32(weight)
        self.bias = bias
    }

    /// y[rows, range] = x[rows, inputs]·W[range, inputs]ᵀ + b[range]; `range` are the output columns wanted, all by default.
    func forward(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int, columns: Range<Int>? = nil,
        withBias: Bool = true
    ) {
        let columns = columns ?? 0..<outputs
        switch storage {
        case .float32(let weight):
            linear(
                rows: rows, inputs: inputs, outputs: columns.count, x: x, xStride: xStride,
                weight: weight.pointer + columns.lowerBound * inputs, bias: withBias ? bias.pointer + columns.lowerBound : nil,
                y: y, yStride: yStride)
        }
    }

    /// dx[rows, inputs] (+)= dy[rows, range]·W[range, inputs].
    func backwardInput(
        rows: Int, dy: UnsafePointer<Float>, dyStride: Int, dx: UnsafeMutablePointer<Float>, dxStride: Int,
        columns: Range<Int>? = nil, accumulate: Bool = false
    ) {
        let columns = columns ?? 0..<outputs
        switch storage {
        case .float32(let weight):
            linearBackwardInput(
                rows: rows, inputs: inputs, outputs: columns.count, dy: dy, dyStride: dyStride,
                weight: weight.pointer + columns.lowerBound * inputs, dx: dx, dxStride: dxStride, accumulate: accumulate)
        }
    }

    /// The weights as float32 [outputs, inputs], for what is computed once (DoRA's norms).
    func withWeights<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        switch storage {
        case .float32(let weight): body(weight.pointer)
        }
    }
}
