import Kernels

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

    /// The uses of quantized rows.
    enum CodesName: Int, CaseIterable {
        /// What enters a layer, quantized by the layer itself.
        case entering
        /// What a kernel quantized while it wrote the floats of that name.
        case hidden, context, attended, middle
    }

    private var buffers = Name.allCases.map { _ in FloatStorage(count: 0) }

    /// A buffer for `count` floats, with undefined content. Valid until a larger one of the same name is requested.
    func floats(_ name: Name, _ count: Int) -> UnsafeMutablePointer<Float> {
        if buffers[name.rawValue].count < count {
            buffers[name.rawValue] = FloatStorage(count: count + count / 4)
        }
        return buffers[name.rawValue].base
    }

    private var codeBuffers = CodesName.allCases.map { _ in FloatStorage(count: 0) }

    /// Memory for quantized rows, with undefined content. Valid until a larger one of the same name is requested.
    func codes(_ name: CodesName, rows: Int, columns: Int) -> QuantizedRows {
        let count = (QuantizedRows.byteCount(rows: rows, columns: columns) + 3) / 4
        if codeBuffers[name.rawValue].count < count {
            codeBuffers[name.rawValue] = FloatStorage(count: count + count / 4)
        }
        return QuantizedRows(
            memory: UnsafeMutableRawPointer(codeBuffers[name.rawValue].base), rows: rows, columns: columns)
    }

    /// The size of all buffers in bytes.
    var byteCount: Int { (buffers + codeBuffers).reduce(0) { $0 + $1.count * 4 } }
}
