import CVectorKernels
import Glibc
import Testing

@Suite struct ElementaryFunctionTests {
    /// From -limit to limit in steps of about limit/20,000, some subnormal and signed zeros among them.
    private func samples(_ limit: Float) -> [Float] {
        (-20_000...20_000).map { Float($0) / 20_000 * limit } + [
            0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1e-20, -1e-20, 1e-6,
        ]
    }

    @Test func exponentialIsAccurate() {
        let x = samples(60)
        var y = [Float](repeating: 0, count: x.count)
        lk_exp(x.count, x, &y)
        for (x, y) in zip(x, y) { #expect(abs(Double(y) / exp(Double(x)) - 1) < 3e-7, "exp(\(x)) = \(y)") }
    }

    @Test func exponentialOfWhatIsFarBelowZeroIsExactlyZero() {
        let x: [Float] = [-64.1, -87, -100, -104, -1e4, -.infinity]
        var y = [Float](repeating: 1, count: x.count)
        lk_exp(x.count, x, &y)
        #expect(y.allSatisfy { $0 == 0 })
    }

    @Test func errorFunctionIsAccurate() {
        let x = samples(6)
        var y = [Float](repeating: 0, count: x.count)
        lk_erf(x.count, x, &y)
        for (x, y) in zip(x, y) {
            #expect(abs(Double(y) - erf(Double(x))) <= 6e-7 * abs(erf(Double(x))) + 1e-40, "erf(\(x)) = \(y)")
            #expect(abs(y) <= 1)
        }
    }

    @Test func hyperbolicTangentIsAccurate() {
        let x = samples(12) + [40, -40, 1e30, -1e30, .infinity, -.infinity]
        var y = [Float](repeating: 0, count: x.count)
        lk_tanh(x.count, x, &y)
        for (x, y) in zip(x, y) {
            #expect(abs(Double(y) - tanh(Double(x))) <= 4e-7 * abs(tanh(Double(x))) + 1e-40, "tanh(\(x)) = \(y)")
        }
    }

    @Test func notANumberStaysOne() {
        var y: [Float] = [0]
        lk_exp(1, [.nan], &y)
        #expect(y[0].isNaN)
        lk_erf(1, [.nan], &y)
        #expect(y[0].isNaN)
        lk_tanh(1, [.nan], &y)
        #expect(y[0].isNaN)
    }
}
