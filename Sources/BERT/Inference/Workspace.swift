/// The scratch memory of a pass: buffers that grow to the largest batch and are reused for the next one.
final class Workspace {
    /// The uses of buffers. Buffers in use at the same time have different names.
    enum Name: Int, CaseIterable {
        case hidden, forked, fused, context, attended, middle, down, attention, logits
        case features, gradient, gradientDropped, gradientMiddle, gradientFused, gradientContext, gradientDown,
            gradientInput, dropped
        // Kept by a training pass from a layer's forward for its backward.
        case input, queries, probabilities, attendedSum, attendedStatistics, beforeActivation, outputSum,
            outputStatistics
        case downFused, downQuery, downAttention, downMiddle, downOutput, pooled, activated
    }

    /// The uses of reduced rows.
    enum ReducedName: Int, CaseIterable {
        /// What enters a layer, rounded by the layer itself.
        case entering
        /// What a kernel rounded while it wrote the floats of that name.
        case hidden, context, attended, middle
    }

    private var buffers = Name.allCases.map { _ in FloatStorage(count: 0) }

    /// A buffer for `count` floats, with undefined content. Valid until a larger one of the same name is requested.
    func floats(_ name: Name, _ count: Int) -> UnsafeMutablePointer<Float> {
        Self.grow(&buffers[name.rawValue], to: count)
        return buffers[name.rawValue].base
    }

    private var reducedBuffers = ReducedName.allCases.map { _ in FloatStorage(count: 0) }

    /// Memory for reduced rows, with undefined content; nil for float32. Valid until a larger one of the same name is
    /// requested.
    func reduced(_ name: ReducedName, _ dataType: DataType, rows: Int, columns: Int) -> ReducedRows? {
        ReducedRows(dataType, rows: rows, columns: columns) { bytes in
            Self.grow(&reducedBuffers[name.rawValue], to: (bytes + 3) / 4)
            return UnsafeMutableRawPointer(reducedBuffers[name.rawValue].base)
        }
    }

    /// Rows of `columns` floats in a type; nil for float32. Valid until the next call.
    func rounded(
        _ dataType: DataType, rows: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int
    ) -> ReducedRows? {
        let reduced = reduced(.entering, dataType, rows: rows, columns: columns)
        reduced?.write(rows: rows, columns: columns, x: x, xStride: xStride)
        return reduced
    }

    private static func grow(_ buffer: inout FloatStorage, to count: Int) {
        if buffer.count < count { buffer = FloatStorage(count: count + count / 4) }
    }

    /// The size of all buffers in bytes.
    var byteCount: Int { (buffers + reducedBuffers).reduce(0) { $0 + $1.count * 4 } }
}
