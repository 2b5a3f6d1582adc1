import CVectorKernels
import Glibc

/// A loss summed over rows, and the divisor of its mean.
public struct CrossEntropyLoss: Sendable, Equatable {
    /// The sum of the rows' weighted losses.
    public var sum: Double
    /// The sum of the weights of the rows' target classes; without class weights, the number of rows.
    public var weight: Double
}

/// The softmax cross-entropy of logits[rows, classes] and one target class per row, and its gradient.
///
/// With class weights w and label smoothing ε, the loss of a row with target t is
/// (1 − ε)·w[t]·(−log p[t]) + ε/classes · Σ w[c]·(−log p[c]), as in PyTorch's `CrossEntropyLoss`.
///
/// - Parameters:
///   - classWeights: [classes]; all 1 if nil.
///   - dLogits: if given, is overwritten with scale · ∂loss/∂logits; may be `logits`.
public func crossEntropy(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, logitStride: Int, targets: UnsafePointer<Int32>,
    classWeights: UnsafePointer<Float>? = nil, labelSmoothing: Float = 0,
    dLogits: UnsafeMutablePointer<Float>? = nil, dLogitStride: Int = 0, scale: Float = 1
) -> CrossEntropyLoss {
    var total = CrossEntropyLoss(sum: 0, weight: 0)
    for row in 0..<rows {
        let x = logits + row * logitStride
        let target = Int(targets[row])
        let logNormalizer = logSumExp(x, classes)
        let share = Double(labelSmoothing) / Double(classes)
        var loss = 0.0
        var mass = 0.0
        for c in 0..<classes {
            let q = (c == target ? 1 - Double(labelSmoothing) : 0) + share
            let weighted = q * Double(classWeights?[c] ?? 1)
            mass += weighted
            loss += weighted * (logNormalizer - Double(x[c]))
        }
        total.sum += loss
        total.weight += Double(classWeights?[target] ?? 1)
        guard let dx = dLogits.map({ $0 + row * dLogitStride }) else { continue }
        for c in 0..<classes {
            let q = (c == target ? 1 - Double(labelSmoothing) : 0) + share
            let weighted = q * Double(classWeights?[c] ?? 1)
            dx[c] = Float(Double(scale) * (mass * exp(Double(x[c]) - logNormalizer) - weighted))
        }
    }
    return total
}

private func logSumExp(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
    var highest = x[0]
    for c in 1..<max(1, count) { highest = max(highest, x[c]) }
    var sum = 0.0
    for c in 0..<count { sum += exp(Double(x[c]) - Double(highest)) }
    return Double(highest) + log(sum)
}
