import Foundation
import TestSupport
import Testing

@testable import BERT

struct BasePrecisionTests {
    private static let mixed = BasePrecision(.int8).keeping(
        [BasePrecision.Place(layer: 3, group: .output), .init(layer: 0, group: .queryKeyValue)], in: .float32)
    private static let precisions = [
        BasePrecision.float32, BasePrecision(.bfloat16), mixed,
        mixed.keeping([BasePrecision.Place(layer: 1, group: .output)], in: .bfloat16),
    ]

    @Test(arguments: precisions) func descriptionsAreReadBack(precision: BasePrecision) {
        #expect(BasePrecision(precision.description) == precision)
    }

    @Test func descriptionsDoNotDependOnTheOrderOfASet() {
        #expect(
            Self.precisions.map(\.description) == [
                "float32", "bfloat16", "int8+float32:0.queryKeyValue,3.output",
                "int8+float32:0.queryKeyValue,3.output+bfloat16:1.output",
            ])
    }

    @Test(arguments: [
        "", "int4", "int8:", "int8+", "int8+float32", "int8+float32:", "int8+float32:1", "int8+float32:1.",
        "int8+float32:x.output", "int8+float32:-1.output", "int8+float32:1.output,", "int8+int8:1.output",
        "int8+float32:1.output+bfloat16:1.output", "int8:1.output",
    ])
    func othersAreRefused(description: String) {
        #expect(BasePrecision(description) == nil)
    }

    @Test func theTypeOfTheOthersIsNoException() {
        let place = BasePrecision.Place(layer: 3, group: .output)
        #expect(Self.mixed.keeping([place], in: .int8).exceptions.keys.contains(place) == false)
    }

    /// Two precisions, and the finer type of each layer.
    private static let unions = [
        ("int8", "int8", "int8"), ("int8", "float32", "float32"), ("bfloat16", "int8", "bfloat16"),
        ("int8+bfloat16:3.output", "int8", "int8+bfloat16:3.output"),
        ("int8+bfloat16:3.output", "int8+float32:3.output", "int8+float32:3.output"),
        ("int8+bfloat16:3.output", "int8+float32:1.output", "int8+float32:1.output+bfloat16:3.output"),
        ("int8+float32:1.output", "bfloat16", "bfloat16+float32:1.output"),
        ("int8+bfloat16:1.output", "bfloat16", "bfloat16"), ("int8+float32:1.output", "float32", "float32"),
    ]

    @Test(arguments: unions) func aUnionHasTheFinerTypeOfEachLayer(first: String, second: String, union: String) throws
    {
        let (a, b) = (try #require(BasePrecision(first)), try #require(BasePrecision(second)))
        let expected = try #require(BasePrecision(union))
        #expect(a.finer(b) == expected && b.finer(a) == expected && a.finer(a) == a)
        #expect(a.isCoarser(than: b) == (first != union) && b.isCoarser(than: a) == (second != union))
        #expect(!expected.isCoarser(than: a) && !expected.isCoarser(than: b))
    }

    @Test func layersFallBackToTheNextTypeOfTheCPU() {
        #expect(DataType.float32.fallback == .float32 && DataType.bfloat16.fallback == .float32)
        #expect(DataType.int8.fallback == (DataType.fastestFirst == [.int8, .bfloat16] ? .bfloat16 : .float32))
    }

    @Test func aLayerThatTheBaseDoesNotHaveIsRefused() throws {
        let folder = try TestModels.tinyBase(layers: 2)
        let precision = BasePrecision(.int8).keeping([.init(layer: 2, group: .output)], in: .float32)
        let error = #expect(throws: BaseError.self) {
            _ = try BERTBase(directory: folder.path, precision: precision)
        }
        #expect(error?.description.hasSuffix("has no layer 2, only 0 to 1") == true)
    }
}
