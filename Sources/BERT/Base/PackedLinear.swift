import Kernels
import Synchronization

/// A frozen linear layer, y = x·Wᵀ + b, with its weights in the layout of the kernels.
///
/// Its outputs are one or more parts of equal width, such as query, key and value, which can be computed alone. Model
/// code sees only `forward` and `backwardInput`: another precision is another case of `Part`.
struct PackedLinear: Sendable {
    /// How the weights are kept.
    enum Storage: Sendable {
        /// Each part in the layout of the vector kernels. The transposed parts are packed when training first needs
        /// them.
        case parts([Part], transposed: TransposedParts)
        /// Row-major [outputs, inputs], for BLAS, on CPUs where the vector kernels are not faster.
        case rows(FloatStorage)
    }

    /// The weights of one part.
    enum Part: Sendable {
        case floats(FloatStorage)
        case codes(QuantizedWeight)
        case rounded(BFloat16Weight)
    }

    /// Why weights cannot be rounded.
    struct Failure: Error, Equatable {
        let reason: String
    }

    let inputs: Int
    let outputs: Int
    /// The type that the products read: of the weights and of the rows that enter.
    let dataType: DataType
    private let partWidth: Int
    private let storage: Storage
    /// [outputs]
    let bias: FloatStorage

    /// A layer with these weights.
    ///
    /// - Parameters:
    ///   - weight: row-major [outputs, inputs].
    ///   - bias: [outputs].
    ///   - dataType: what the weights are rounded to.
    ///   - packs: whether the vector kernels multiply floats instead of BLAS; by default, whichever is faster on this
    ///     CPU.
    init(
        inputs: Int, outputs: Int, parts: Int = 1, weight: FloatStorage, bias: FloatStorage,
        dataType: DataType = .float32, packs: Bool = hasPackedProduct
    ) throws(Failure) {
        self.inputs = inputs
        self.outputs = outputs
        self.bias = bias
        self.dataType = dataType
        let width = outputs / parts
        partWidth = width
        guard packs || dataType != .float32 else {
            storage = .rows(weight)
            return
        }
        var packed: [Part] = []
        for part in 0..<parts {
            let rows = weight.pointer + part * width * inputs
            packed.append(try Part(inputs: inputs, outputs: width, weight: rows, dataType: dataType))
        }
        storage = .parts(packed, transposed: TransposedParts(packed, inputs: inputs, outputs: width))
    }

    /// A layer with weights that are quantized already: its parts, of the same size.
    init(parts: [QuantizedWeight], inputs: Int, partWidth: Int, bias: FloatStorage) {
        self.inputs = inputs
        self.partWidth = partWidth
        self.bias = bias
        outputs = parts.count * partWidth
        dataType = .int8
        let parts = parts.map(Part.codes)
        storage = .parts(parts, transposed: TransposedParts(parts, inputs: inputs, outputs: partWidth))
    }

    /// The parts of an int8 layer; none of others.
    var quantizedParts: [QuantizedWeight] {
        guard case .parts(let parts, _) = storage else { return [] }
        return parts.compactMap { if case .codes(let weight) = $0 { weight } else { nil } }
    }

    /// y[rows, columns] = x[rows, inputs]·W[columns, inputs]ᵀ + b[columns].
    ///
    /// - Parameters:
    ///   - reduced: x in this layer's type, if a kernel has already written it; else the layer rounds x into `memory`.
    ///   - columns: the outputs to compute: whole parts, all by default.
    func forward(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, reduced: ReducedRows? = nil, memory: Workspace,
        y: UnsafeMutablePointer<Float>, yStride: Int, columns: Range<Int>? = nil
    ) {
        let columns = columns ?? 0..<outputs
        let bias = bias.pointer + columns.lowerBound
        switch storage {
        case .parts(let weights, _):
            let reduced =
                reduced ?? memory.rounded(dataType, rows: rows, columns: inputs, x: x, xStride: xStride)
            for (place, part) in parts(in: columns).enumerated() {
                weights[part].multiply(
                    rows: rows, inputs: inputs, outputs: partWidth, x: x, xStride: xStride, reduced: reduced,
                    bias: bias + place * partWidth, y: y + place * partWidth, yStride: yStride)
            }
        case .rows(let weight):
            linear(
                rows: rows, inputs: inputs, outputs: columns.count, x: x, xStride: xStride,
                weight: weight.pointer + columns.lowerBound * inputs, bias: bias, y: y, yStride: yStride)
        }
    }

    /// dx[rows, inputs] (+)= dy[rows, columns]·W[columns, inputs], with the weights that `forward` stands for.
    ///
    /// - Parameters:
    ///   - gradients: what dy and these weights are rounded to, float32 or bfloat16. A layer that computes in float32
    ///     rounds neither.
    ///   - columns: the outputs of `dy`: whole parts, all by default.
    func backwardInput(
        rows: Int, dy: UnsafePointer<Float>, dyStride: Int, in gradients: DataType, memory: Workspace,
        dx: UnsafeMutablePointer<Float>, dxStride: Int, columns: Range<Int>? = nil, accumulate: Bool = false
    ) {
        let columns = columns ?? 0..<outputs
        switch storage {
        case .parts(_, let transposed):
            let gradients = dataType == .float32 ? .float32 : gradients
            let weights = transposed.parts(in: gradients)
            for (place, part) in parts(in: columns).enumerated() {
                let dy = dy + place * partWidth
                let reduced = memory.rounded(gradients, rows: rows, columns: partWidth, x: dy, xStride: dyStride)
                weights[part].multiply(
                    rows: rows, inputs: partWidth, outputs: inputs, x: dy, xStride: dyStride, reduced: reduced,
                    bias: nil, accumulate: accumulate || place > 0, y: dx, yStride: dxStride)
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
    func withWeights<Result, Failure: Error>(
        _ body: (UnsafePointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .parts(let parts, _):
            let weight = FloatStorage(count: outputs * inputs)
            for (number, part) in parts.enumerated() {
                part.unpack(inputs: inputs, outputs: partWidth, to: weight.base + number * partWidth * inputs)
            }
            defer { withExtendedLifetime(weight) {} }
            return try body(weight.pointer)
        case .rows(let weight): return try body(weight.pointer)
        }
    }
}

extension PackedLinear.Part {
    /// Packs row-major weights [outputs, inputs].
    init(
        inputs: Int, outputs: Int, weight: UnsafePointer<Float>, dataType: DataType
    ) throws(PackedLinear.Failure) {
        switch dataType {
        case .float32:
            let packed = FloatStorage(count: packedCount(inputs: inputs, outputs: outputs))
            packWeight(inputs: inputs, outputs: outputs, weight: weight, packed: packed.base)
            self = .floats(packed)
        case .int8:
            do throws(QuantizedWeight.Failure) {
                self = .codes(try QuantizedWeight(inputs: inputs, outputs: outputs, weight: weight))
            } catch {
                throw PackedLinear.Failure(reason: "\(error)")
            }
        case .bfloat16:
            do throws(BFloat16Weight.Failure) {
                self = .rounded(try BFloat16Weight(inputs: inputs, outputs: outputs, weight: weight))
            } catch {
                throw PackedLinear.Failure(reason: "\(error)")
            }
        }
    }

    /// y[rows, outputs] (+)= x[rows, inputs] · weightᵀ + bias.
    ///
    /// - Parameter reduced: x in the type of the weight; nil if that is float32.
    func multiply(
        rows: Int, inputs: Int, outputs: Int, x: UnsafePointer<Float>, xStride: Int, reduced: ReducedRows?,
        bias: UnsafePointer<Float>?, accumulate: Bool = false, y: UnsafeMutablePointer<Float>, yStride: Int
    ) {
        switch (self, reduced) {
        case (.floats(let packed), _):
            packedProduct(
                rows: rows, inputs: inputs, outputs: outputs, x: x, xStride: xStride, packed: packed.pointer,
                bias: bias, accumulate: accumulate, y: y, yStride: yStride)
        case (.codes(let weight), .int8(let x)?):
            quantizedProduct(
                rows: rows, x: x, weight: weight, bias: bias, accumulate: accumulate, y: y, yStride: yStride)
        case (.rounded(let weight), .bfloat16(let x)?):
            bfloat16Product(
                rows: rows, x: x, weight: weight, bias: bias, accumulate: accumulate, y: y, yStride: yStride)
        case (.codes, _), (.rounded, _): preconditionFailure("rows in another type than the weight's")
        }
    }

    /// weight[outputs, inputs] = what the products multiply by.
    func unpack(inputs: Int, outputs: Int, to weight: UnsafeMutablePointer<Float>) {
        switch self {
        case .floats(let packed):
            unpackWeight(inputs: inputs, outputs: outputs, packed: packed.pointer, weight: weight)
        case .codes(let codes): codes.dequantize(to: weight)
        case .rounded(let rounded): rounded.widen(to: weight)
        }
    }
}
