import Glibc

/// The Kullback–Leibler divergence of softmax(logits / T) from target probabilities over some of the classes, times T²,
/// and its gradient: the loss of distillation (Hinton et al. 2015).
///
/// Softmax runs over `places` alone, so the logits of all other classes have no part in it and a gradient of zero.
/// Times T², the gradients have the same size at every temperature.
///
/// - Parameters:
///   - places: the classes that have a target.
///   - targets: probabilities, [rows, places]; each row sums to 1.
///   - dLogits: is overwritten with scale · ∂loss/∂logits, [rows, classes]; may be `logits`.
/// - Returns: the loss summed over rows.
public func softmaxDivergence(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, logitStride: Int, places: [Int],
    targets: UnsafePointer<Float>, temperature: Float, dLogits: UnsafeMutablePointer<Float>, dLogitStride: Int,
    scale: Float = 1
) -> Double {
    let t = Double(temperature)
    var sum = 0.0
    for row in 0..<rows {
        let (x, p) = (logits + row * logitStride, targets + row * places.count)
        let z = places.map { Double(x[$0]) / t }
        let highest = z.max() ?? 0
        let logNormalizer = highest + log(z.reduce(0) { $0 + exp($1 - highest) })
        let dx = dLogits + row * dLogitStride
        dx.update(repeating: 0, count: classes)
        for (number, place) in places.enumerated() {
            let (target, logQ) = (Double(p[number]), z[number] - logNormalizer)
            if target > 0 { sum += t * t * target * (log(target) - logQ) }
            dx[place] = Float(Double(scale) * t * (exp(logQ) - target))
        }
    }
    return sum
}

/// As ``softmaxDivergence(rows:classes:logits:logitStride:places:targets:temperature:dLogits:dLogitStride:scale:)`` for
/// labels that are independent: the mean over `places` of the divergences of σ(logit / T) from the target.
///
/// - Parameter targets: the probability of each label, [rows, places], each for itself.
public func sigmoidDivergence(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, logitStride: Int, places: [Int],
    targets: UnsafePointer<Float>, temperature: Float, dLogits: UnsafeMutablePointer<Float>, dLogitStride: Int,
    scale: Float = 1
) -> Double {
    let t = Double(temperature)
    let share = 1 / Double(max(places.count, 1))
    var sum = 0.0
    for row in 0..<rows {
        let (x, p) = (logits + row * logitStride, targets + row * places.count)
        let z = places.map { Double(x[$0]) / t }
        let dx = dLogits + row * dLogitStride
        dx.update(repeating: 0, count: classes)
        for (number, place) in places.enumerated() {
            let target = Double(p[number])
            // log(1 + e^−|z|) never overflows.
            let tail = log1p(exp(-abs(z[number])))
            let (logQ, logRest) = (-max(-z[number], 0) - tail, -max(z[number], 0) - tail)
            if target > 0 { sum += share * t * t * target * (log(target) - logQ) }
            if target < 1 { sum += share * t * t * (1 - target) * (log(1 - target) - logRest) }
            dx[place] = Float(Double(scale) * share * t * (exp(logQ) - target))
        }
    }
    return sum
}
