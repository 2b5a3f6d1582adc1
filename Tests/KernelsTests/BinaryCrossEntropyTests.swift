import Testing

@testable import Kernels

/// Values of PyTorch 2 (`torch.nn.functional.binary_cross_entropy_with_logits`, reduction sum) and central differences.
struct BinaryCrossEntropyTests {
    private let logits: [Float] = [1.5, -0.5, 0, 3, -2, 0.25]
    private let targets: [Float] = [1, 0, 1, 0, 1, 1]
    private let weights: [Float] = [2, 1, 0.5]

    private func run(_ logits: [Float], weights: [Float]?, smoothing: Float = 0) -> (loss: Double, gradient: [Float]) {
        var gradient = [Float](repeating: 0, count: logits.count)
        let loss = binaryCrossEntropy(
            rows: 2, classes: 3, logits: logits, logitStride: 3, targets: targets, positiveWeights: weights,
            labelSmoothing: smoothing,
            dLogits: &gradient, dLogitStride: 3)
        return (loss, gradient)
    }

    @Test(arguments: [(false, Float(0)), (true, 0), (false, 0.2), (true, 0.2)])
    func theGradientIsThatOfCentralDifferences(weighted: Bool, smoothing: Float) {
        let weights = weighted ? weights : nil
        let gradient = run(logits, weights: weights, smoothing: smoothing).gradient
        for place in logits.indices {
            var (up, down) = (logits, logits)
            up[place] += 1 / 64
            down[place] -= 1 / 64
            let difference =
                (run(up, weights: weights, smoothing: smoothing).loss
                    - run(down, weights: weights, smoothing: smoothing).loss) * 32
            #expect(abs(difference - Double(gradient[place])) < 1e-4)
        }
    }

    @Test func hugeLogitsStayFinite() {
        let result = run([1e4, -1e4, 1e4, -1e4, 1e4, -1e4], weights: nil)
        #expect(result.loss.isFinite && result.gradient.allSatisfy(\.isFinite))
    }

    @Test func lossAndGradientAreThoseOfPyTorch() {
        let plain = run(logits, weights: nil)
        #expect(abs(plain.loss - 7.120092) < 1e-5)
        #expect(
            zip(plain.gradient, [-0.1824256, 0.3775407, -0.5, 0.9525741, -0.8807971, -0.4378235]).allSatisfy {
                abs($0 - Float($1)) < 1e-6
            })
        let weighted = run(logits, weights: weights, smoothing: 0.2)
        #expect(abs(weighted.loss - 6.460134) < 1e-5)
        #expect(
            zip(weighted.gradient, [-0.2466085, 0.2775407, -0.175, 0.8478315, -0.7807971, -0.1408029]).allSatisfy {
                abs($0 - Float($1)) < 1e-6
            })
    }
}
