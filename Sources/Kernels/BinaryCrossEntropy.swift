import Glibc

/// The sigmoid cross-entropy of logits[rows, classes] and targets[rows, classes] in 0…1, and its gradient.
///
/// With positive weights p and label smoothing ε, the loss of a logit x with target t is
/// −p·y·log σ(x) − (1 − y)·log(1 − σ(x)) with y = t·(1 − ε) + ε/2, as in PyTorch's `BCEWithLogitsLoss`.
///
/// - Parameters:
///   - positiveWeights: the factor of each class's positive term, [classes].
///   - dLogits: if given, is overwritten with scale · ∂loss/∂logits; may be `logits`.
/// - Returns: the loss summed over rows and classes.
public func binaryCrossEntropy(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, logitStride: Int, targets: UnsafePointer<Float>,
    positiveWeights: UnsafePointer<Float>? = nil, labelSmoothing: Float = 0,
    dLogits: UnsafeMutablePointer<Float>? = nil,
    dLogitStride: Int = 0, scale: Float = 1
) -> Double {
    var sum = 0.0
    for row in 0..<rows {
        for c in 0..<classes {
            let x = Double(logits[row * logitStride + c])
            let y = Double(targets[row * classes + c]) * (1 - Double(labelSmoothing)) + Double(labelSmoothing) / 2
            let positive = y * Double(positiveWeights?[c] ?? 1)
            // log(1 + e^−|x|) never overflows.
            let tail = log1p(exp(-abs(x)))
            sum += positive * (max(-x, 0) + tail) + (1 - y) * (max(x, 0) + tail)
            guard let dLogits else { continue }
            let probability = x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
            dLogits[row * dLogitStride + c] = Float(
                Double(scale) * ((1 - y) * probability - positive * (1 - probability)))
        }
    }
    return sum
}
