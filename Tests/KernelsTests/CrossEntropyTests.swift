import Kernels
import Testing

@Suite struct CrossEntropyTests {
    @Test(arguments: [2, 7, 33, 151], [Float(0), 0.1])
    func lossAndGradientEqualTheirTwins(classes: Int, labelSmoothing: Float) {
        let seed = UInt64(classes)
        var random = Random(seed: seed)
        let rows = 5
        let logits = random.floats(rows * classes, in: -5...5)
        let targets = (0..<rows).map { _ in Int32(random.int(below: classes)) }
        for weights in [nil, random.floats(classes, in: 0...3)] {
            var gradient = [Float](repeating: gap, count: rows * classes)
            let loss = crossEntropy(
                rows: rows, classes: classes, logits: logits, logitStride: classes, targets: targets,
                classWeights: weights,
                labelSmoothing: labelSmoothing, dLogits: &gradient, dLogitStride: classes, scale: 0.5)
            let naive = { (logits: [Double]) in
                Naive.crossEntropy(
                    logits, classes: classes, targets: targets, classWeights: weights.map(doubles),
                    labelSmoothing: Double(labelSmoothing))
            }
            #expect(abs(loss.sum - naive(doubles(logits))) < 1e-5 * max(1, loss.sum), "seed \(seed)")
            let mass = targets.reduce(0.0) { $0 + Double(weights?[Int($1)] ?? 1) }
            #expect(abs(loss.weight - mass) < 1e-6 * mass + 1e-9)
            let numeric = centralDifferences(at: logits) { 0.5 * naive($0) }
            expectClose(gradient, numeric, within: 1e-5, "gradient, seed \(seed)")
        }
    }

    @Test func extremeLogitsGiveAFiniteLoss() {
        var gradient: [Float] = [0, 0]
        let loss = crossEntropy(
            rows: 1, classes: 2, logits: [1e30, -1e30], logitStride: 2, targets: [1], dLogits: &gradient,
            dLogitStride: 2)
        #expect(loss.sum.isFinite && gradient == [1, -1])
    }
}
