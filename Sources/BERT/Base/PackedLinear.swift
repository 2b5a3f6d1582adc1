import Kernels
import Synchronization

/// A frozen linear layer, y = x·Wᵀ + b, with its weights in the layout of the kernels.
///
/// Its outputs are one or more parts of equal width, such as query, key and value, which can be computed alone. Model
/// code sees only `forward` and `backwardInput`: another precision is another case of `Storage`.
struct PackedLinear: Sendable {
    /// The layout of the weights.
    enum Storage: Sendable {
        /// Each part packed for the vector kernels. The transposed parts are packed when training first needs them.
        case panels([FloatStorage], transposed: TransposedParts)
        /// Row-major [outputs, inputs], for BLAS, on CPUs where the vector kernels are not faster.
        case rows(FloatStorage)
    }

    let inputs: Int
    let outputs: Int
    private let partWidth: Int
    private let storage: Storage
    /// [outputs]
    let bias: FloatStorage

    /// A layer with these weights.
    ///
    /// - Parameters:
    ///   - weight: row-major [outputs, inputs].
    ///   - bias: [outputs].
    ///   - packs: whether the vector kernels multiply instead of BLAS; by default, whichever is faster on this CPU.
    init(
        inputs: Int, outputs: Int, parts: Int = 1, weight: FloatStorage, bias: FloatStorage,
        packs: Bool = hasPackedProduct
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.bias = bias
        let width = outputs / parts
        partWidth = width
        guard packs else {
            storage = .rows(weight)
            return
        }
        let panels = (0..<parts).map { part in
            let packed = FloatStorage(count: packedCount(inputs: inputs, outputs: width))
            packWeight(
                inputs: inputs, outputs: width, weight: weight.pointer + part * width * inputs, packed: packed.base)
            return packed
        }
        storage = .panels(panels, transposed: TransposedParts(panels, inputs: inputs, outputs: width))
    }

    /// y[rows, columns] = x[rows, inputs]·W[columns, inputs]ᵀ + b[columns].
    ///
    /// - Parameter columns: the outputs to compute: whole parts, all by default.
    func forward(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
        columns: Range<Int>? = nil,
        withBias: Bool = true
    ) {
        let columns = columns ?? 0..<outputs
        let bias = withBias ? bias.pointer + columns.lowerBound : nil
        switch storage {
        case .panels(let panels, _):
            for (place, part) in parts(in: columns).enumerated() {
                packedProduct(
                    rows: rows, inputs: inputs, outputs: partWidth, x: x, xStride: xStride,
                    packed: panels[part].pointer,
                    bias: bias.map { $0 + place * partWidth }, y: y + place * partWidth, yStride: yStride)
            }
        case .rows(let weight):
            linear(
                rows: rows, inputs: inputs, outputs: columns.count, x: x, xStride: xStride,
                weight: weight.pointer + columns.lowerBound * inputs, bias: bias, y: y, yStride: yStride)
        }
    }

    /// dx[rows, inputs] (+)= dy[rows, columns]·W[columns, inputs].
    ///
    /// - Parameter columns: the outputs of `dy`: whole parts, all by default.
    func backwardInput(
        rows: Int, dy: UnsafePointer<Float>, dyStride: Int, dx: UnsafeMutablePointer<Float>, dxStride: Int,
        columns: Range<Int>? = nil, accumulate: Bool = false
    ) {
        let columns = columns ?? 0..<outputs
        switch storage {
        case .panels(_, let transposed):
            let panels = transposed.panels
            for (place, part) in parts(in: columns).enumerated() {
                packedProduct(
                    rows: rows, inputs: partWidth, outputs: inputs, x: dy + place * partWidth, xStride: dyStride,
                    packed: panels[part].pointer, bias: nil, accumulate: accumulate || place > 0, y: dx,
                    yStride: dxStride)
            }
        case .rows(let weight):
            linearBackwardInput(
                rows: rows, inputs: inputs, outputs: columns.count, dy: dy, dyStride: dyStride,
                weight: weight.pointer + columns.lowerBound * inputs, dx: dx, dxStride: dxStride, accumulate: accumulate
            )
        }
    }

    private func parts(in columns: Range<Int>) -> Range<Int> {
        columns.lowerBound / partWidth..<columns.upperBound / partWidth
    }

    /// The weights as row-major [outputs, inputs]. Unpacks them, so it is for what is computed once, such as DoRA's
    /// norms.
    func withWeights<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        switch storage {
        case .panels(let panels, _):
            let weight = FloatStorage(count: outputs * inputs)
            for (part, packed) in panels.enumerated() {
                unpackWeight(
                    inputs: inputs, outputs: partWidth, packed: packed.pointer,
                    weight: weight.base + part * partWidth * inputs)
            }
            return withExtendedLifetime(weight) { body(weight.pointer) }
        case .rows(let weight): return body(weight.pointer)
        }
    }
}
