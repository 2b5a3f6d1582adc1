import Foundation
import Testing

@testable import Reports

struct TextTests {
    @Test func tablesAlignTheirColumns() {
        var table = TextTable(.left("name"), .right("rows"))
        table.add("a", "1000")
        table.add("longer", "7")
        #expect(table.lines == ["name    rows", "a       1000", "longer     7"])
    }

    @Test(arguments: [
        (0.0, "0:00"), (42.4, "0:42"), (125, "2:05"), (3_780, "1:03:00"), (-1, "0:00"), (.infinity, "99:59:59"),
    ])
    func timeLeftReadsLikeAClock(seconds: Double, text: String) { #expect(Figure.clock(seconds) == text) }

    @Test(arguments: [0, 0.01, 0.5, 0.99, 1, 2, -1]) func barsAreAlwaysOfOneWidth(fraction: Double) {
        #expect(ProgressBar.cells(fraction).count == 24)
    }

    @Test(arguments: [
        0, -0.0, 0.5, 1.5, 2.5, 0.125, 0.375, 9.5, 99.5, 0.05, 0.95, 9.95, 0.005, 0.0049999, 1e-5, 999.9996, -0.4,
        -0.5, -0.6, 1e22, 1e300, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
    ])
    func numbersAreRoundedAsPrintfDoes(value: Double) { Self.comparePrintf(value) }

    @Test func randomNumbersAreRoundedAsPrintfDoes() {
        for _ in 0..<5_000 {
            Self.comparePrintf(.random(in: -1...1))
            Self.comparePrintf(.random(in: 0...1e6))
            // Fractions of a power of two: many of them lie exactly between two decimals.
            Self.comparePrintf(Double(Int.random(in: -4_096...4_096)) / Double(1 << Int.random(in: 0...12)))
            let bits = Double(bitPattern: .random(in: 0 ... .max))
            if bits.isFinite { Self.comparePrintf(bits) }
        }
    }

    private static func comparePrintf(_ value: Double) {
        for digits in 0...5 {
            #expect(DecimalExpansion(value).fixed(decimals: digits) == String(format: "%.\(digits)f", value))
            #expect(DecimalExpansion(value).scientific(decimals: digits) == String(format: "%.\(digits)e", value))
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func whatIsNoNumberIsADash(value: Double) {
        #expect(Figure.decimal(value, 2) == "–" && Figure.rate(value) == "–")
        #expect(Figure.share(nil) == "–")
    }

    @Test func learningRatesHaveAnExponent() {
        #expect(Figure.rate(1e-3) == "1.0e-03")
        #expect(Figure.rate(Double(Float(0.00094))) == "9.4e-04")
        #expect(Figure.rate(0) == "0.0e+00")
    }
}
