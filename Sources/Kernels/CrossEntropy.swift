import CVectorKernels
import Glibc

/// Loss summed over rows, and what a mean divides it by.
public struct CrossEntropyLoss: Sendable, Equatable {
    /// Σ over rows of the weighted loss.
    public var sum: Double
    /// Σ over rows of the weight of the target's class (the number of rows without class weights).
    public var weight: Double
}

/// Softmax cross-entropy of logits[rows, classes] against one class index a row, and its gradient.
///
/// With class weights w and smoothing ε the loss of a row with target t is, as in PyTorch,
/// (1 − ε)·w[t]·(−log p[t]) + ε/classes · Σ w[c]·(−log p[c]).
///
/// - Parameters:
///   - dLogits: if given, receives scale · ∂loss/∂logits (written, not added); it may be `logits`.
public func crossEntropy(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, logitStride: Int, targets: UnsafePointer<Int32>,
    classWeights: UnsafePointer<Float>? = nil, labelSmoothing: Float = 0,
    dLogits: UnsafeMutablePointer<Float>? = nil, dLogitStride: Int = 0, scale: Float = 1
) -> CrossEntropyLoss {
    var total = CrossEntropyLoss(sum: 0, weight: 0)
    for row in 0..<rows {
        let x = logits + row * logitStride
        let target = Int(targets[row])
        let logNormaliser = logSumExp(x, classes)
        let share = Double(labelSmoothing) / Double(classes)
        var loss = 0.0
        var mass = 0.0
        for c in 0..<classes {
            let q = (c == target ? 1 - Double(labelSmoothing) : 0) + share
            let weighted = q * Double(classWeights?[c] ?? 1)
            mass += weighted
            loss += weighted * (logNormaliser - Double(x[c]))
        }
        total.sum += loss
        total.weight += Double(classWeights?[target] ?? 1)
        guard let dx = dLogits.map({ $0 + row * dLogitStride }) else { continue }
        for c in 0..<classes {
            let q = (c == target ? 1 - Double(labelSmoothing) : 0) + share
            let weighted = q * Double(classWeights?[c] ?? 1)
            dx[c] = Float(Double(scale) * (mass * exp(Double(x[c]) - logNormaliser) - weighted))
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
