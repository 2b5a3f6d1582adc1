import CVectorKernels

/// Activations rounded to bfloat16: the upper halves of the floats, rounded to nearest even.
///
/// There is no scale: bfloat16 has the range of a float. A subnormal value becomes zero. The memory belongs to the
/// caller.
public struct BFloat16Rows {
    /// [rows, ``stride``]
    public let values: UnsafeMutablePointer<UInt16>
    /// The distance between two rows, in numbers. The numbers behind the columns are zeros.
    public let stride: Int

    /// Rows of `columns` values in the caller's memory.
    ///
    /// - Parameter memory: ``byteCount(rows:columns:)`` bytes aligned to 64.
    public init(memory: UnsafeMutableRawPointer, rows: Int, columns: Int) {
        stride = lk_bf16_stride(columns)
        values = memory.bindMemory(to: UInt16.self, capacity: rows * stride)
    }

    private init(values: UnsafeMutablePointer<UInt16>, stride: Int) {
        self.values = values
        self.stride = stride
    }

    /// Bytes of memory for `rows` rows of `columns` values.
    public static func byteCount(rows: Int, columns: Int) -> Int {
        rows * lk_bf16_stride(columns) * MemoryLayout<UInt16>.size
    }

    /// The rows from `row` on.
    public func from(_ row: Int) -> BFloat16Rows { BFloat16Rows(values: values + row * stride, stride: stride) }

    /// Writes the rounded values to y[rows, columns] as floats.
    public func widen(rows: Int, columns: Int, y: UnsafeMutablePointer<Float>, yStride: Int) {
        withUnsafePointer(to: pointers) { lk_widen_rows(rows, columns, $0, y, yStride) }
    }

    /// As the kernels take them.
    var pointers: lk_bf16_rows { lk_bf16_rows(values: values, stride: stride) }
}

// The kernels that write rounded rows. All of them:
// - round a row while it is in the first-level cache, so that rounding is no pass of its own over memory;
// - return false if a value is not finite, or would not be after rounding. It becomes NaN, and every product with its
//   row is NaN.

/// rounded = x[rows, columns], rounded to bfloat16.
@discardableResult
public func roundRows(
    rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, rounded: BFloat16Rows
) -> Bool {
    withUnsafePointer(to: rounded.pointers) { lk_round_rows(rows, columns, x, xStride, $0) }
}

/// ``layerNorm`` for inference: writes y and the same rows rounded to bfloat16.
@discardableResult
public func layerNormRounded(
    rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int = 0,
    gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float,
    y: UnsafeMutablePointer<Float>, yStride: Int, rounded: BFloat16Rows
) -> Bool {
    withUnsafePointer(to: rounded.pointers) {
        lk_layer_norm_rounded(
            rows, columns, x, xStride, residual, residualStride, gamma, beta, epsilon, y, yStride, $0)
    }
}

/// ``activate``, rounded to bfloat16: rounded = activation(x + bias).
///
/// - Parameter y: receives the floats too, such as for an adapter that reads them; may be `x`.
@discardableResult
public func activateRounded(
    _ activation: Activation, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, bias: UnsafePointer<Float>? = nil,
    y: UnsafeMutablePointer<Float>? = nil, yStride: Int = 0, rounded: BFloat16Rows
) -> Bool {
    withUnsafePointer(to: rounded.pointers) {
        lk_activate_rounded(activation.rawValue, rows, columns, x, xStride, bias, y, yStride, $0)
    }
}
