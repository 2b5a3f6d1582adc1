import TestSupport
import Testing

@testable import BERT

/// A base in int8 with some linear layers of the same base in a finer type.
struct MixedPrecisionTests {
    private static let places: Set = [
        BasePrecision.Place(layer: 0, group: .output), BasePrecision.Place(layer: 1, group: .queryKeyValue),
    ]

    @Test(arguments: [("bert", DataType.float32), ("distilbert", .float32), ("bert", .bfloat16)])
    func aMixedBaseComputesWhatOneComputesThatIsReadSo(name: String, type: DataType) throws {
        let finer = try Fixture(name, precision: BasePrecision(type))
        let reduced = try Fixture(name, precision: BasePrecision(.int8))
        let read = try Fixture(name, precision: BasePrecision(.int8).keeping(Self.places, in: type))
        let mixed = try #require(BERTBase(reduced.base, keeping: Self.places, of: finer.base))
        #expect(mixed.precision == read.base.precision && mixed.digest == read.base.digest)
        let adapter = try #require(read.cases.keys.sorted().first)
        let expected = read.logits(try read.adapter(adapter))
        let found = InferencePass(base: mixed).logits(
            PackedBatch(read.sequences), adapters: [try finer.adapter(adapter).over(mixed)],
            assignments: read.sequences.map { _ in [0] }
        ).map { $0[0] }
        #expect(found == expected)
        #expect(reduced.logits(try reduced.adapter(adapter)) != expected, "the places matter")
    }

    @Test func onlyTheSameBaseInOneTypeCanBeMixedIn() throws {
        let (float32, reduced) = (try Fixture("bert").base, try Fixture("bert", precision: BasePrecision(.int8)).base)
        let mixed = try #require(BERTBase(reduced, keeping: Self.places, of: float32))
        #expect(BERTBase(reduced, keeping: Self.places, of: mixed) == nil)
        #expect(BERTBase(reduced, keeping: Self.places, of: try Fixture("distilbert").base) == nil)
    }

    @Test func aBaseOfThreeTypesNamesAllOfThem() throws {
        let precisions = [BasePrecision.float32, BasePrecision(.bfloat16), BasePrecision(.int8)]
        let bases = try precisions.map { try Fixture("bert", precision: $0).base }
        let two = try #require(BERTBase(bases[2], keeping: [.init(layer: 1, group: .output)], of: bases[1]))
        let three = try #require(BERTBase(two, keeping: [.init(layer: 0, group: .intermediate)], of: bases[0]))
        #expect(three.dtype == "int8+float32:0.intermediate+bfloat16:1.output")
        #expect(three.precision == BasePrecision(three.dtype))
        #expect(three.kernels.contains(", int8 ") && three.kernels.contains(", bfloat16 "), "\(three.kernels)")
        #expect(!bases[2].kernels.contains("bfloat16"))
    }

    @Test func anAdapterKeepsItsDigestOverAnotherPrecision() throws {
        let (float32, reduced) = (try Fixture("bert"), try Fixture("bert", precision: BasePrecision(.int8)))
        for name in float32.cases.keys.sorted() {
            let adapter = try float32.adapter(name)
            let moved = try adapter.over(reduced.base)
            #expect(moved.digest == adapter.digest && moved.base === reduced.base, "\(name)")
            #expect(try adapter.over(float32.base) === adapter, "\(name)")
            #expect(reduced.logits(moved) == reduced.logits(try reduced.adapter(name)), "\(name)")
        }
    }

    @Test func thePlacesAreAllLinearLayersButThePooler() {
        let places = BasePrecision.places(layers: 3)
        #expect(places.count == 12 && Set(places).count == 12 && !places.contains { $0.group == .pooler })
        #expect(places.last?.name == "layer 2 feed-forward output" && Set(places.map(\.name)).count == 12)
    }

    @Test func outliersAreWrittenWhereInt8Suffers() throws {
        let (float32, reduced) = (
            try TinyModel(damagedLayer: 1).base, try TinyModel(precision: BasePrecision(.int8), damagedLayer: 1).base
        )
        let undamaged = (try TinyModel.shared.get().base, try TinyModel(precision: BasePrecision(.int8)).base)
        #expect(float32.digest == reduced.digest && float32.digest != undamaged.0.digest)
        let batch = PackedBatch([[2, 9, 14, 20, 3], [2, 30, 31, 3]])
        func states(_ base: BERTBase) -> [Float] { InferencePass(base: base).hiddenStates(below: 2, batch) }
        let damage = deviation(states(reduced), states(float32))
        #expect(damage > 0.2 && damage > 5 * deviation(states(undamaged.1), states(undamaged.0)), "\(damage)")
    }
}
