import Testing

@testable import BERT

struct BasePrecisionTests {
    private static let precisions = [
        BasePrecision.float32, BasePrecision(.bfloat16),
        BasePrecision(
            .int8,
            float32Places: [
                BasePrecision.Place(layer: 3, group: .output), BasePrecision.Place(layer: 0, group: .queryKeyValue),
            ]),
    ]

    @Test(arguments: precisions) func descriptionsAreReadBack(precision: BasePrecision) {
        #expect(BasePrecision(precision.description) == precision)
    }

    @Test func descriptionsDoNotDependOnTheOrderOfASet() {
        #expect(Self.precisions.map(\.description) == ["float32", "bfloat16", "int8:0.queryKeyValue,3.output"])
    }

    @Test(arguments: ["", "int4", "int8:", "int8:1", "int8:1.", "int8:x.output", "int8:-1.output", "int8:1.output,"])
    func othersAreRefused(description: String) {
        #expect(BasePrecision(description) == nil)
    }
}
