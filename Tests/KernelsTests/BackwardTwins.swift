import Kernels

/// Backward functions once more: in double precision, as the derivation reads.
extension Naive {
    static func transposed(_ x: [Double], rows: Int, columns: Int) -> [Double] {
        (0..<columns).flatMap { column in (0..<rows).map { x[$0 * columns + column] } }
    }

    /// dx = scale · y · (dy − ⟨y, dy⟩), row by row.
    static func softmaxBackward(_ y: [Double], _ dy: [Double], columns: Int, scale: Double) -> [Double] {
        stride(from: 0, to: y.count, by: columns).flatMap { start in
            let row = start..<start + columns
            let inner = row.reduce(0) { $0 + y[$1] * dy[$1] }
            return row.map { scale * y[$0] * (dy[$0] - inner) }
        }
    }

    /// With x̂ the normalized row and g = dy·gamma: dx = (g − mean(g) − x̂·mean(g·x̂)) / √(variance + epsilon).
    static func layerNormBackward(
        _ x: [Double], gamma: [Double], epsilon: Double, dy: [Double], columns: Int
    ) -> (dx: [Double], dGamma: [Double], dBeta: [Double]) {
        let count = Double(columns)
        var (dx, dGamma, dBeta) = (
            [Double](), [Double](repeating: 0, count: columns), [Double](repeating: 0, count: columns)
        )
        for start in stride(from: 0, to: x.count, by: columns) {
            let row = x[start..<start + columns]
            let mean = row.reduce(0, +) / count
            let deviation = (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + epsilon).squareRoot()
            let normal = row.map { ($0 - mean) / deviation }
            let g = (0..<columns).map { dy[start + $0] * gamma[$0] }
            let (first, second) = (g.reduce(0, +) / count, zip(g, normal).reduce(0) { $0 + $1.0 * $1.1 } / count)
            for column in 0..<columns {
                dx.append((g[column] - first - normal[column] * second) / deviation)
                dGamma[column] += dy[start + column] * normal[column]
                dBeta[column] += dy[start + column]
            }
        }
        return (dx, dGamma, dBeta)
    }

    /// Gradients of q, k and v, each [tokens, heads · size].
    static func attentionBackward(
        _ shape: AttentionShape, _ q: [Double], _ k: [Double], _ v: [Double], dy: [Double], masks: [Double]?
    ) -> (dq: [Double], dk: [Double], dv: [Double]) {
        let (n, size, columns) = (shape.tokens, shape.headSize, shape.columns)
        let probabilities = attention(shape, q, k, v).probabilities
        let zeros = [Double](repeating: 0, count: n * columns)
        var (dq, dk, dv) = (zeros, zeros, zeros)
        for head in 0..<shape.heads {
            func part(_ x: [Double]) -> [Double] {
                (0..<n).flatMap { row in (0..<size).map { x[row * columns + head * size + $0] } }
            }
            func put(_ values: [Double], into x: inout [Double]) {
                for row in 0..<n {
                    for column in 0..<size { x[row * columns + head * size + column] = values[row * size + column] }
                }
            }
            let p = Array(probabilities[head * n * n..<(head + 1) * n * n])
            let mask = masks.map { Array($0[head * n * n..<(head + 1) * n * n]) } ?? p.map { _ in 1 }
            let weights = zip(p, mask).map { $0 * $1 }
            put(product(weights, part(dy), m: n, n: size, k: n, transposeA: true), into: &dv)
            let dWeights = product(part(dy), part(v), m: n, n: n, k: size, transposeB: true)
            let dP = zip(dWeights, mask).map { $0 * $1 }
            let dScores = softmaxBackward(p, dP, columns: n, scale: 1 / Double(size).squareRoot())
            put(product(dScores, part(k), m: n, n: size, k: n), into: &dq)
            put(product(dScores, part(q), m: n, n: size, k: n, transposeA: true), into: &dk)
        }
        return (dq, dk, dv)
    }
}
