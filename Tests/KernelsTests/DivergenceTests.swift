import Kernels
import Testing

/// The losses of distillation against naive twins and central differences.
@Suite struct DivergenceTests {
    private struct Problem {
        let rows = 4
        let classes: Int
        let places: [Int]
        let logits: [Float]
        let targets: [Float]

        init(classes: Int, isMultiLabel: Bool) {
            var random = Random(seed: UInt64(classes))
            self.classes = classes
            // Two of three, not in order.
            places = (0..<classes).filter { $0 % 3 != 1 }.reversed()
            logits = random.floats(4 * classes, in: -6...6)
            var targets = random.floats(4 * places.count, in: 0...1)
            if !isMultiLabel {
                for row in 0..<4 {
                    let range = row * places.count..<(row + 1) * places.count
                    let sum = targets[range].reduce(0, +)
                    for place in range { targets[place] /= sum }
                }
            }
            self.targets = targets
        }
    }

    @Test(arguments: [(3, false), (7, false), (151, false), (3, true), (7, true), (151, true)], [Float(1), 2, 0.5])
    func divergencesEqualTheirTwins(_ outputs: (classes: Int, isMultiLabel: Bool), temperature: Float) {
        let (classes, isMultiLabel) = outputs
        let problem = Problem(classes: classes, isMultiLabel: isMultiLabel)
        let kernel = isMultiLabel ? sigmoidDivergence : softmaxDivergence
        let twin = isMultiLabel ? Naive.sigmoidDivergence : Naive.softmaxDivergence
        var gradient = [Float](repeating: gap, count: problem.logits.count)
        let loss = kernel(
            4, classes, problem.logits, classes, problem.places, problem.targets, temperature, &gradient, classes, 0.5)
        let naive = { (logits: [Double]) in
            twin(logits, classes, problem.places, doubles(problem.targets), Double(temperature))
        }
        // The targets are rounded to single precision, so they do not sum to 1 exactly.
        #expect(abs(loss - naive(doubles(problem.logits))) < 1e-4 * max(1, loss), "seed \(classes)")
        expectClose(
            gradient, centralDifferences(at: problem.logits) { 0.5 * naive($0) }, within: 1e-4, "seed \(classes)")
    }

    /// Training computes it in place.
    @Test func theGradientMayOverwriteTheLogits() {
        let problem = Problem(classes: 7, isMultiLabel: false)
        for kernel in [softmaxDivergence, sigmoidDivergence] {
            var apart = [Float](repeating: gap, count: problem.logits.count)
            let loss = kernel(4, 7, problem.logits, 7, problem.places, problem.targets, 2, &apart, 7, 1)
            var inPlace = problem.logits
            let same = inPlace.withUnsafeMutableBufferPointer { logits -> Double in
                guard let start = logits.baseAddress else { return .nan }
                return kernel(4, 7, start, 7, problem.places, problem.targets, 2, start, 7, 1)
            }
            #expect(same == loss && inPlace == apart)
        }
    }

    @Test func aTeacherThatIsReachedGivesNoLoss() {
        var gradient: [Float] = [0, 0, 0]
        let half = softmaxDivergence(
            rows: 1, classes: 3, logits: [4, -9, 4], logitStride: 3, places: [0, 2], targets: [0.5, 0.5],
            temperature: 2, dLogits: &gradient, dLogitStride: 3)
        #expect(abs(half) < 1e-12 && gradient.allSatisfy { abs($0) < 1e-12 })
    }

    @Test func extremeLogitsAndTargetsStayFinite() {
        for kernel in [softmaxDivergence, sigmoidDivergence] {
            var gradient: [Float] = [0, 0]
            let loss = kernel(1, 2, [1e30, -1e30], 2, [0, 1], [0, 1], 2, &gradient, 2, 1)
            #expect(loss.isFinite && gradient.allSatisfy(\.isFinite), "\(loss) \(gradient)")
        }
    }
}
