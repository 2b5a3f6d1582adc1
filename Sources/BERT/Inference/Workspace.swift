/// The scratch memory of one pass: buffers that grow to the largest batch seen and are used again for the next.
final class Workspace {
    /// What a buffer is for. Buffers that are in use at the same time have different names.
    enum Name: Int, CaseIterable {
        case hidden, forked, fused, context, attended, middle, down, attention, logits
        case features, gradient, gradientDropped, gradientMiddle, gradientFused, gradientContext, gradientDown,
            gradientInput, dropped
        // What a training pass keeps of a layer's forward pass.
        case input, queries, probabilities, attendedSum, attendedStatistics, beforeActivation, outputSum,
            outputStatistics
        case downFused, downQuery, downAttention, downMiddle, downOutput, pooled, activated
    }

    private var buffers = Name.allCases.map { _ in FloatStorage(count: 0) }

    /// A buffer with room for `count` floats, whose content is undefined. It is valid until the same name is asked for more.
    func floats(_ name: Name, _ count: Int) -> UnsafeMutablePointer<Float> {
        if buffers[name.rawValue].count < count {
            buffers[name.rawValue] = FloatStorage(count: count + count / 4)
        }
        return buffers[name.rawValue].base
    }

    /// Bytes that all buffers take.
    var byteCount: Int { buffers.reduce(0) { $0 + $1.count * 4 } }
}
