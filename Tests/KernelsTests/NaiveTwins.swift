import Glibc
import Kernels

/// Each kernel once more: in double precision, on dense arrays, as the formula reads.
enum Naive {
    static func product(
        _ a: [Double], _ b: [Double], m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false
    ) -> [Double] {
        var c = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                for l in 0..<k {
                    c[i * n + j] +=
                        (transposeA ? a[l * m + i] : a[i * k + l]) * (transposeB ? b[j * k + l] : b[l * n + j])
                }
            }
        }
        return c
    }

    static func linear(_ x: [Double], _ weight: [Double], bias: [Double]?, rows: Int, inputs: Int, outputs: Int)
        -> [Double]
    {
        let y = product(x, weight, m: rows, n: outputs, k: inputs, transposeB: true)
        guard let bias else { return y }
        return y.enumerated().map { $1 + bias[$0 % outputs] }
    }

    static func activation(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .geluErf: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .geluTanh: 0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .relu: max(0, x)
        case .tanh: Glibc.tanh(x)
        }
    }

    static func layerNorm(_ x: [Double], gamma: [Double], beta: [Double], epsilon: Double, columns: Int) -> [Double] {
        stride(from: 0, to: x.count, by: columns).flatMap { start in
            let row = x[start..<start + columns]
            let mean = row.reduce(0, +) / Double(columns)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            return row.enumerated().map { ($1 - mean) / (variance + epsilon).squareRoot() * gamma[$0] + beta[$0] }
        }
    }

    static func softmax(_ x: [Double], columns: Int, scale: Double) -> [Double] {
        stride(from: 0, to: x.count, by: columns).flatMap { start in
            let row = x[start..<start + columns].map { $0 * scale }
            let top = row.max() ?? 0
            let terms = row.map { exp($0 - top) }
            let total = terms.reduce(0, +)
            return terms.map { $0 / total }
        }
    }

    /// q, k, v and the result: [tokens, heads · size]. `masks` multiplies the probabilities.
    static func attention(
        _ shape: AttentionShape, _ q: [Double], _ k: [Double], _ v: [Double], masks: [Double]? = nil
    ) -> (y: [Double], probabilities: [Double]) {
        let n = shape.tokens
        let columns = shape.columns
        var y = [Double](repeating: 0, count: n * columns)
        var kept: [Double] = []
        for head in 0..<shape.heads {
            func part(_ x: [Double]) -> [Double] {
                (0..<n).flatMap { i in
                    let start = i * columns + head * shape.headSize
                    return x[start..<start + shape.headSize]
                }
            }
            let scores = product(part(q), part(k), m: n, n: n, k: shape.headSize, transposeB: true)
            let p = softmax(scores, columns: n, scale: 1 / Double(shape.headSize).squareRoot())
            kept += p
            let weights = masks.map { masks in zip(p, masks[(head * n * n)...]).map { $0 * $1 } } ?? p
            let mixed = product(weights, part(v), m: n, n: shape.headSize, k: n)
            for i in 0..<n {
                let start = i * columns + head * shape.headSize
                y.replaceSubrange(
                    start..<start + shape.headSize, with: mixed[i * shape.headSize..<(i + 1) * shape.headSize])
            }
        }
        return (y, kept)
    }

    /// T² Σ p·log(p / softmax(x / T)) over the places, summed over rows.
    static func softmaxDivergence(
        _ logits: [Double], classes: Int, places: [Int], targets: [Double], temperature: Double
    ) -> Double {
        (0..<logits.count / classes).reduce(0) { sum, row in
            let x = places.map { logits[row * classes + $0] }
            let q = softmax(x, columns: places.count, scale: 1 / temperature)
            let p = targets[row * places.count..<(row + 1) * places.count]
            return sum + zip(p, q).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * log($1.0 / $1.1) : 0) } * temperature
                * temperature
        }
    }

    /// T² times the mean over the places of the divergence of two coins, summed over rows.
    static func sigmoidDivergence(
        _ logits: [Double], classes: Int, places: [Int], targets: [Double], temperature: Double
    ) -> Double {
        var sum = 0.0
        for row in 0..<logits.count / classes {
            for (number, place) in places.enumerated() {
                let q = 1 / (1 + exp(-logits[row * classes + place] / temperature))
                let p = targets[row * places.count + number]
                if p > 0 { sum += p * log(p / q) }
                if p < 1 { sum += (1 - p) * log((1 - p) / (1 - q)) }
            }
        }
        return sum * temperature * temperature / Double(places.count)
    }

    /// The summed loss, as PyTorch defines it for class weights and label smoothing.
    static func crossEntropy(
        _ logits: [Double], classes: Int, targets: [Int32], classWeights: [Double]?, labelSmoothing: Double
    ) -> Double {
        var loss = 0.0
        for (row, target) in targets.enumerated() {
            let p = softmax(Array(logits[row * classes..<(row + 1) * classes]), columns: classes, scale: 1)
            let weight = { (c: Int) in classWeights?[c] ?? 1 }
            loss -= (1 - labelSmoothing) * weight(Int(target)) * log(p[Int(target)])
            for c in 0..<classes { loss -= labelSmoothing / Double(classes) * weight(c) * log(p[c]) }
        }
        return loss
    }
}
