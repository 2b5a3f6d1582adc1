import TestSupport
import Testing

@testable import BERT

/// A base in int8 with some linear layers of the same base in float32.
struct MixedPrecisionTests {
    private static let places: Set = [
        BasePrecision.Place(layer: 0, group: .output), BasePrecision.Place(layer: 1, group: .queryKeyValue),
    ]

    @Test(arguments: ["bert", "distilbert"])
    func aMixedBaseComputesWhatOneComputesThatIsReadSo(name: String) throws {
        let float32 = try Fixture(name)
        let reduced = try Fixture(name, precision: BasePrecision(.int8))
        let read = try Fixture(name, precision: BasePrecision(.int8, float32Places: Self.places))
        let mixed = try #require(BERTBase(reduced.base, keeping: Self.places, of: float32.base))
        #expect(mixed.precision == read.base.precision && mixed.digest == read.base.digest)
        let adapter = try #require(read.cases.keys.sorted().first)
        let expected = read.logits(try read.adapter(adapter))
        let found = InferencePass(base: mixed).logits(
            PackedBatch(read.sequences), adapters: [try float32.adapter(adapter).over(mixed)],
            assignments: read.sequences.map { _ in [0] }
        ).map { $0[0] }
        #expect(found == expected)
        #expect(reduced.logits(try reduced.adapter(adapter)) != expected, "the places matter")
    }

    @Test func onlyTheSameBaseInFloat32CanBeMixedIn() throws {
        let reduced = try Fixture("bert", precision: BasePrecision(.int8)).base
        #expect(BERTBase(reduced, keeping: Self.places, of: reduced) == nil)
        #expect(BERTBase(reduced, keeping: Self.places, of: try Fixture("distilbert").base) == nil)
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
