import Kernels
import Synchronization

/// A frozen linear layer with its weights laid out for the product: y = x·Wᵀ + b.
///
/// Its outputs are one or more parts of equal width (query, key and value), so that some of them can be asked for alone.
/// Model code sees only `forward` and `backwardInput`: another precision (int8, bfloat16) is another case of `Storage`.
struct PackedLinear: Sendable {
    /// How the weights are kept.
    enum Storage: Sendable {
        /// Each part packed for the vector kernels; the transposed parts are packed when a gradient is first asked for.
        case panels([FloatStorage], transposed: TransposedParts)
        /// Row-major [outputs, inputs], for BLAS: where the vector kernels have nothing better.
        case rows(FloatStorage)
    }

    let inputs: Int
    let outputs: Int
    private let partWidth: Int
    private let storage: Storage
    /// [outputs]
    let bias: FloatStorage

    /// `weight` is row-major [outputs, inputs], `bias` is [outputs].
    ///
    /// - Parameter packs: whether the vector kernels or BLAS multiply; by default what is faster on this CPU.
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

    /// y[rows, range] = x[rows, inputs]·W[range, inputs]ᵀ + b[range]; `range` are the output columns wanted, whole parts, all by default.
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

    /// dx[rows, inputs] (+)= dy[rows, range]·W[range, inputs]; `range` are whole parts, all by default.
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

    /// The weights as float32 [outputs, inputs], for what is computed once (DoRA's norms).
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

/// What `backwardInput` multiplies by: made when training first asks, so that a daemon that only serves does not hold it.
final class TransposedParts: Sendable {
    private let source: [FloatStorage]
    private let inputs: Int
    private let outputs: Int

    // MARK: - Mutable State (guarded by its own lock)

    private let made = Mutex<[FloatStorage]>([])

    init(_ source: [FloatStorage], inputs: Int, outputs: Int) {
        self.source = source
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Each part packed as a weight from its outputs to its inputs.
    var panels: [FloatStorage] {
        made.withLock { made in
            if made.isEmpty { made = source.map(transposed) }
            return made
        }
    }

    private func transposed(_ packed: FloatStorage) -> FloatStorage {
        let weight = FloatStorage(count: outputs * inputs)
        unpackWeight(inputs: inputs, outputs: outputs, packed: packed.pointer, weight: weight.base)
        let result = FloatStorage(count: packedCount(inputs: outputs, outputs: inputs))
        withExtendedLifetime(weight) {
            packWeight(inputs: outputs, outputs: inputs, weight: weight.pointer, transposed: true, packed: result.base)
        }
        return result
    }
}
