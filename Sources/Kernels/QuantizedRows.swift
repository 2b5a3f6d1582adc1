import CVectorKernels

/// Activations as 8-bit codes with a scale and a zero point per row: x ≈ (code − zero) · scale.
///
/// A row is quantized dynamically, from its own range, so a token's codes do not depend on the batch. The range always
/// includes zero, and all 256 codes are used: one-sided activations, such as those of GELU, gain a bit over a symmetric
/// code (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
/// 2018). The memory belongs to the caller.
public struct QuantizedRows {
    /// [rows, ``stride``]
    public let codes: UnsafeMutablePointer<UInt8>
    /// The distance between two rows, in codes. The codes behind the columns are zeros.
    public let stride: Int
    /// What one step of the code is worth, [rows]. NaN where a value of the row is not finite.
    public let scales: UnsafeMutablePointer<Float>
    /// The code of zero, [rows].
    public let zeros: UnsafeMutablePointer<Int32>

    /// Rows of `columns` values in the caller's memory.
    ///
    /// - Parameter memory: ``byteCount(rows:columns:)`` bytes aligned to 64.
    public init(memory: UnsafeMutableRawPointer, rows: Int, columns: Int) {
        stride = lk_quantized_stride(columns)
        codes = memory.bindMemory(to: UInt8.self, capacity: rows * stride)
        let tail = memory + rows * stride
        scales = tail.bindMemory(to: Float.self, capacity: rows)
        zeros = (tail + rows * 4).bindMemory(to: Int32.self, capacity: rows)
    }

    private init(
        codes: UnsafeMutablePointer<UInt8>, stride: Int, scales: UnsafeMutablePointer<Float>,
        zeros: UnsafeMutablePointer<Int32>
    ) {
        self.codes = codes
        self.stride = stride
        self.scales = scales
        self.zeros = zeros
    }

    /// Bytes of memory for `rows` rows of `columns` values.
    public static func byteCount(rows: Int, columns: Int) -> Int { rows * (lk_quantized_stride(columns) + 8) }

    /// The rows from `row` on.
    public func from(_ row: Int) -> QuantizedRows {
        QuantizedRows(codes: codes + row * stride, stride: stride, scales: scales + row, zeros: zeros + row)
    }

    /// Restores y[rows, columns] from the codes.
    public func dequantize(rows: Int, columns: Int, y: UnsafeMutablePointer<Float>, yStride: Int) {
        withUnsafePointer(to: pointers) { lk_dequantize_rows(rows, columns, $0, y, yStride) }
    }

    /// As the kernels take them.
    var pointers: lk_quantized_rows { lk_quantized_rows(codes: codes, stride: stride, scales: scales, zeros: zeros) }
}

// The kernels that write quantized rows. All of them:
// - quantize a row while it is in the first-level cache, so that quantizing is no pass of its own over memory;
// - return false if a value is not finite. Such a row has the scale NaN, and every product with it is NaN.

/// q = x[rows, columns], quantized row by row.
@discardableResult
public func quantizeRows(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, q: QuantizedRows
) -> Bool {
    withUnsafePointer(to: q.pointers) { lk_quantize_rows(rows, columns, x, xStride, $0) }
}

/// ``layerNorm`` for inference: writes y and the same rows quantized.
@discardableResult
public func layerNormQuantized(
    rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int = 0,
    gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float,
    y: UnsafeMutablePointer<Float>, yStride: Int, q: QuantizedRows
) -> Bool {
    withUnsafePointer(to: q.pointers) {
        lk_layer_norm_quantized(
            rows, columns, x, xStride, residual, residualStride, gamma, beta, epsilon, y, yStride, $0)
    }
}

/// ``activate``, quantized: q = activation(x + bias).
///
/// - Parameter y: receives the floats too, such as for an adapter that reads them; may be `x`.
@discardableResult
public func activateQuantized(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, bias: UnsafePointer<Float>? = nil,
    y: UnsafeMutablePointer<Float>? = nil, yStride: Int = 0, q: QuantizedRows
) -> Bool {
    withUnsafePointer(to: q.pointers) {
        lk_activate_quantized(activation.rawValue, rows, columns, x, xStride, bias, y, yStride, $0)
    }
}
