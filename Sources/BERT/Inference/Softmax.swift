import Kernels

/// Probabilities from logits, after dividing these by the temperature.
public func softmax(_ logits: [Float], temperature: Float = 1) -> [Float] {
    var result = logits
    result.withUnsafeMutableBufferPointer { buffer in
        guard let x = buffer.baseAddress else { return }
        Kernels.softmax(
            rows: 1, columns: buffer.count, x: x, xStride: buffer.count, scale: 1 / temperature, y: x,
            yStride: buffer.count)
    }
    return result
}
