import Kernels
import Testing

/// Every backward function beside its naive twin, over random shapes; each run draws another seed, which a failure
/// names.
struct BackwardTwinTests {
    private let seed = UInt64.random(in: 0..<1_000_000)

    init() { BLAS.configure() }

    private func forShapes(_ count: Int, _ body: (inout Random, () -> Int, String) -> Void) {
        var random = Random(seed: seed)
        for round in 0..<count {
            var choice = Random(seed: random.bits())
            let length = {
                choice.int(below: 2) == 0 ? [1, 7, 33, 383][choice.int(below: 4)] : 1 + choice.int(below: 70)
            }
            body(&random, length, "round \(round), seed \(seed)")
        }
    }

    @Test func linear() {
        forShapes(12) { random, length, which in
            let (rows, inputs, outputs) = (length(), length(), min(length(), 90))
            let (x, weight) = (random.floats(rows * inputs), random.floats(outputs * inputs))
            let (dy, before) = (random.floats(rows * outputs), random.floats(rows * inputs))
            var dx = before
            linearBackwardInput(
                rows: rows, inputs: inputs, outputs: outputs, dy: dy, dyStride: outputs, weight: weight, dx: &dx,
                dxStride: inputs,
                accumulate: true)
            let product = Naive.product(doubles(dy), doubles(weight), m: rows, n: inputs, k: outputs)
            expectClose(dx, zip(product, before).map { $0 + Double($1) }, within: 1e-5, "dx, \(which)")
            var (dWeight, dBias) = ([Float](repeating: 1, count: weight.count), [Float](repeating: 2, count: outputs))
            linearBackwardWeight(
                rows: rows, inputs: inputs, outputs: outputs, x: x, xStride: inputs, dy: dy, dyStride: outputs,
                dWeight: &dWeight,
                dBias: &dBias)
            let expected = Naive.product(doubles(dy), doubles(x), m: outputs, n: inputs, k: rows, transposeA: true)
            expectClose(dWeight, expected.map { $0 + 1 }, within: 1e-5, "dWeight, \(which)")
            let sums = (0..<outputs).map { column in (0..<rows).reduce(2.0) { $0 + Double(dy[$1 * outputs + column]) } }
            expectClose(dBias, sums, within: 1e-5, "dBias, \(which)")
        }
    }

    @Test func lowRank() {
        forShapes(12) { random, length, which in
            let (rows, inputs, outputs, rank) = (length(), length(), length(), 1 + random.int(below: 64))
            let (x, a, b) = (random.floats(rows * inputs), random.floats(rank * inputs), random.floats(outputs * rank))
            let (down, dy) = (random.floats(rows * rank), random.floats(rows * outputs))
            let before = random.floats(rows * inputs)
            var (dDown, dx) = ([Float](repeating: gap, count: rows * (rank + 1)), before)
            var (dA, dB) = ([Float](repeating: 1, count: a.count), [Float](repeating: 1, count: b.count))
            lowRankUpBackward(
                rows: rows, rank: rank, outputs: outputs, down: down, downStride: rank, b: b, scale: 0.5, dy: dy,
                dyStride: outputs,
                dDown: &dDown, dDownStride: rank + 1, dB: &dB)
            let dDowns = Naive.product(doubles(dy), doubles(b), m: rows, n: rank, k: outputs).map { 0.5 * $0 }
            expectClose(compact(dDown, rows: rows, columns: rank, padding: 1), dDowns, within: 1e-5, "dDown, \(which)")
            let dBs = Naive.product(doubles(dy), doubles(down), m: outputs, n: rank, k: rows, transposeA: true)
            expectClose(dB, dBs.map { 1 + 0.5 * $0 }, within: 1e-5, "dB, \(which)")
            lowRankDownBackward(
                rows: rows, inputs: inputs, rank: rank, x: x, xStride: inputs, a: a, dDown: dDown,
                dDownStride: rank + 1, dA: &dA,
                dx: &dx, dxStride: inputs)
            let dAs = Naive.product(dDowns, doubles(x), m: rank, n: inputs, k: rows, transposeA: true)
            expectClose(dA, dAs.map { 1 + $0 }, within: 2e-5, "dA, \(which)")
            let dxs = Naive.product(dDowns, doubles(a), m: rows, n: inputs, k: rank)
            expectClose(dx, zip(dxs, before).map { $0 + Double($1) }, within: 2e-5, "dx, \(which)")
        }
    }

    @Test(arguments: [0, 0.25]) func attentions(rate: Double) {
        forShapes(8) { random, length, which in
            let shape = AttentionShape(
                tokens: min(length(), 130), heads: 1 + random.int(below: 3), headSize: min(length(), 40))
            let count = shape.tokens * shape.columns
            let (q, k, v, dy) = (
                random.floats(count, in: -2...2), random.floats(count, in: -2...2), random.floats(count),
                random.floats(count)
            )
            let dropout = rate > 0 ? Dropout(rate: Float(rate), key: DropoutKey(seed: random.bits())) : nil
            var (y, kept) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: shape.probabilityCount))
            var scratch = [Float](repeating: gap, count: max(shape.scratchCount, shape.backwardScratchCount))
            attention(
                shape, q: q, k: k, v: v, stride: shape.columns, y: &y, yStride: shape.columns, probabilities: &kept,
                dropout: dropout,
                scratch: &scratch)
            var masks: [Double]?
            if let dropout {
                var mask = [Float](repeating: 1, count: kept.count)
                let ones = mask
                Kernels.dropout(dropout, rows: 1, columns: ones.count, x: ones, xStride: 0, y: &mask, yStride: 0)
                masks = doubles(mask)
            }
            var (dq, dk, dv) = (q, k, v)
            attentionBackward(
                shape, q: q, k: k, v: v, stride: shape.columns, probabilities: kept, dropout: dropout, dy: dy,
                dyStride: shape.columns,
                dq: &dq, dk: &dk, dv: &dv, dStride: shape.columns, scratch: &scratch)
            let twin = Naive.attentionBackward(shape, doubles(q), doubles(k), doubles(v), dy: doubles(dy), masks: masks)
            let name = "\(shape.tokens) tokens, \(shape.heads) × \(shape.headSize), \(which)"
            expectClose(dq, twin.dq, within: 2e-5, "dq, \(name)")
            expectClose(dk, twin.dk, within: 2e-5, "dk, \(name)")
            expectClose(dv, twin.dv, within: 2e-5, "dv, \(name)")
        }
    }

    @Test func layerNorms() {
        forShapes(12) { random, length, which in
            // A single column has no variance: all of its gradient is rounding.
            let (rows, columns) = (min(length(), 40), 1 + length())
            let (x, gamma, dy) = (
                random.floats(rows * columns), random.floats(columns, in: 0...2), random.floats(rows * columns)
            )
            var (sum, dx) = (x, x)
            var (statistics, gradients) = (
                [Float](repeating: 0, count: 2 * rows), [Float](repeating: 1, count: 2 * columns)
            )
            sum.withUnsafeMutableBufferPointer { sum in
                statistics.withUnsafeMutableBufferPointer { statistics in
                    guard let s = sum.baseAddress, let m = statistics.baseAddress else { return }
                    let record = LayerNormRecord(sum: s, sumStride: columns, means: m, inverseDeviations: m + rows)
                    layerNorm(
                        rows: rows, columns: columns, x: x, xStride: columns, gamma: gamma, beta: gamma, epsilon: 1e-5,
                        y: &dx,
                        yStride: columns, record: record)
                    gradients.withUnsafeMutableBufferPointer { gradients in
                        layerNormBackward(
                            rows: rows, columns: columns, record: record, gamma: gamma, dy: dy, dyStride: columns,
                            dx: &dx,
                            dxStride: columns, dGamma: gradients.baseAddress,
                            dBeta: gradients.baseAddress.map { $0 + columns })
                    }
                }
            }
            let twin = Naive.layerNormBackward(
                doubles(x), gamma: doubles(gamma), epsilon: 1e-5, dy: doubles(dy), columns: columns)
            expectClose(dx, twin.dx, within: 1e-4, "dx, \(columns) columns, \(which)")
            expectClose(Array(gradients.prefix(columns)), twin.dGamma.map { 1 + $0 }, within: 1e-4, "dGamma, \(which)")
            expectClose(Array(gradients.suffix(columns)), twin.dBeta.map { 1 + $0 }, within: 1e-5, "dBeta, \(which)")
        }
    }

    @Test func softmaxes() {
        forShapes(12) { random, length, which in
            let (rows, columns) = (min(length(), 40), length())
            let (x, dy) = (random.floats(rows * columns, in: -4...4), random.floats(rows * columns))
            var (y, dx) = (x, dy)
            softmax(rows: rows, columns: columns, x: x, xStride: columns, scale: 0.7, y: &y, yStride: columns)
            softmaxBackward(
                rows: rows, columns: columns, y: y, yStride: columns, dy: dy, dyStride: columns, scale: 0.7, dx: &dx,
                dxStride: columns)
            let twin = Naive.softmaxBackward(
                Naive.softmax(doubles(x), columns: columns, scale: 0.7), doubles(dy), columns: columns, scale: 0.7)
            expectClose(dx, twin, within: 2e-6, which)
        }
    }

    @Test(arguments: Activation.allCases) func activations(activation: Activation) {
        forShapes(8) { random, length, which in
            let (rows, columns) = (min(length(), 20), length())
            let (x, dy) = (random.floats(rows * columns, in: -5...5), random.floats(rows * columns))
            var dx = dy
            activateBackward(
                activation, rows: rows, columns: columns, x: x, xStride: columns, dy: dy, dyStride: columns, dx: &dx,
                dxStride: columns)
            let slopes = x.map { x in
                (Naive.activation(activation, Double(x) + 1e-5) - Naive.activation(activation, Double(x) - 1e-5)) / 2e-5
            }
            // Within a step of zero relu has no slope to speak of.
            let isKink = x.map { activation == .relu && abs($0) < 2e-5 }
            let twin = zip(slopes, dy).map { $0 * Double($1) }
            let found = zip(dx, isKink).map { $1 ? 0 : $0 }
            expectClose(found, zip(twin, isKink).map { $1 ? 0 : $0 }, within: 1e-6, which)
        }
    }
}
