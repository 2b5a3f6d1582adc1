import Glibc
import Kernels
import Testing

@Suite struct AdamWTests {
    @Test(arguments: awkwardLengths)
    func tenStepsEqualTheirTwin(count: Int) {
        let settings = AdamWSettings(weightDecay: 0.1)
        var random = Random(seed: UInt64(count))
        var values = random.floats(count)
        var (first, second) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        var expected = doubles(values)
        var (m, v) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        for step in 1...10 {
            let gradient = random.floats(count)
            adamWStep(
                count: count, values: &values, gradient: gradient, firstMoment: &first, secondMoment: &second,
                rate: 0.01,
                step: step, settings: settings)
            for i in 0..<count {
                let g = Double(gradient[i])
                expected[i] -= 0.01 * 0.1 * expected[i]
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                let (mean, variance) = (m[i] / (1 - pow(0.9, Double(step))), v[i] / (1 - pow(0.999, Double(step))))
                expected[i] -= 0.01 * mean / (variance.squareRoot() + 1e-8)
            }
        }
        expectClose(values, expected, within: 1e-5, "\(count) values")
    }

    @Test func withoutGradientOnlyTheDecayActs() {
        var (values, first, second): ([Float], [Float], [Float]) = ([2], [0], [0])
        adamWStep(
            count: 1, values: &values, gradient: [0], firstMoment: &first, secondMoment: &second, rate: 0.5, step: 1,
            settings: AdamWSettings(weightDecay: 0.1))
        #expect(abs(values[0] - 1.9) < 1e-6)
    }
}
