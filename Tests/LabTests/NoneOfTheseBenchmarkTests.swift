import Testing

@testable import Lab

@Test(
    arguments: [
        ([1, 2, 3, 4], [false, false, true, true], 1), ([4, 3, 2, 1], [false, false, true, true], 0),
        ([1, 1, 1, 1], [false, true, false, true], 0.5), ([1, 2, 2, 3], [false, false, true, true], 0.875),
        ([5, 1, 4], [true, false, true], 1), ([1, 2], [true, true], 0.5),
    ] as [([Double], [Bool], Double)])
func theAreaUnderTheCurveCountsPairsInOrder(values: [Double], isPositive: [Bool], area: Double) {
    #expect(abs(NoneOfTheseBenchmark.areaUnderCurve(values, isPositive) - area) < 1e-12)
}
