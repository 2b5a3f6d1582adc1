import Glibc
import Kernels

/// 1 / (1 + e^−x), without overflow.
public func sigmoid(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}

/// The probabilities of logits, which are first divided by the temperature.
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
