import Kernels

/// Rows in the type that a linear layer multiplies, beside their floats. The kernel that writes the floats writes them
/// too, so that rounding is no pass of its own over memory.
enum ReducedRows {
    case int8(QuantizedRows)
    case bfloat16(BFloat16Rows)

    /// Rows in memory from `allocate`, which gets the number of bytes; nil for float32, which needs none.
    init?(_ dataType: DataType, rows: Int, columns: Int, allocate: (Int) -> UnsafeMutableRawPointer) {
        switch dataType {
        case .float32: return nil
        case .int8:
            let memory = allocate(QuantizedRows.byteCount(rows: rows, columns: columns))
            self = .int8(QuantizedRows(memory: memory, rows: rows, columns: columns))
        case .bfloat16:
            let memory = allocate(BFloat16Rows.byteCount(rows: rows, columns: columns))
            self = .bfloat16(BFloat16Rows(memory: memory, rows: rows, columns: columns))
        }
    }

    /// The rows from `row` on.
    func from(_ row: Int) -> ReducedRows {
        switch self {
        case .int8(let codes): .int8(codes.from(row))
        case .bfloat16(let rounded): .bfloat16(rounded.from(row))
        }
    }

    /// Rounds x[rows, columns].
    func write(rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int) {
        switch self {
        case .int8(let codes): quantizeRows(rows: rows, columns: columns, x: x, xStride: xStride, q: codes)
        case .bfloat16(let rounded):
            roundRows(rows: rows, columns: columns, x: x, xStride: xStride, rounded: rounded)
        }
    }

    /// ``attention`` of one sequence for inference, in float32 or bfloat16: writes y and these rows, before they leave
    /// the cache.
    func writeAttention(
        in dataType: DataType, _ shape: AttentionShape, q: UnsafePointer<Float>, k: UnsafePointer<Float>,
        v: UnsafePointer<Float>, stride: Int,
        y: UnsafeMutablePointer<Float>, yStride: Int, scratch: UnsafeMutablePointer<Float>
    ) {
        if dataType == .bfloat16 {
            attentionInBFloat16(shape, q: q, k: k, v: v, stride: stride, y: y, yStride: yStride, scratch: scratch)
        } else {
            attention(shape, q: q, k: k, v: v, stride: stride, y: y, yStride: yStride, scratch: scratch)
        }
        write(rows: shape.queries, columns: shape.columns, x: y, xStride: yStride)
    }

    /// ``layerNorm`` for inference of x + residual, all of them [rows, columns]: writes y and these rows.
    func writeNorm(
        rows: Int, columns: Int, x: UnsafePointer<Float>, residual: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
        beta: UnsafePointer<Float>, epsilon: Float, y: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .int8(let codes):
            layerNormQuantized(
                rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
                gamma: gamma, beta: beta, epsilon: epsilon, y: y, yStride: columns, q: codes)
        case .bfloat16(let rounded):
            layerNormRounded(
                rows: rows, columns: columns, x: x, xStride: columns, residual: residual, residualStride: columns,
                gamma: gamma, beta: beta, epsilon: epsilon, y: y, yStride: columns, rounded: rounded)
        }
    }

    /// ``activate`` of x[rows, columns]: writes these rows, and y unless it is nil.
    func writeActivated(
        _ activation: Activation, rows: Int, columns: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>?
    ) {
        switch self {
        case .int8(let codes):
            activateQuantized(
                activation, rows: rows, columns: columns, x: x, xStride: columns, y: y, yStride: columns, q: codes)
        case .bfloat16(let rounded):
            activateRounded(
                activation, rows: rows, columns: columns, x: x, xStride: columns, y: y, yStride: columns,
                rounded: rounded)
        }
    }
}
