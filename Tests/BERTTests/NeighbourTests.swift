import TestSupport
import Testing

@testable import BERT

/// A text's logits do not depend on what is computed beside it, before it or after it. Each run draws another seed,
/// which a failure names.
struct NeighbourTests {
    private let seed = UInt64.random(in: 0..<1_000_000)
    private static let bases: [(String, DataType)] = DataType.allCases.flatMap { dataType in
        ["bert", "bert-odd", "distilbert", "distilbert-odd"].map { ($0, dataType) }
    }

    /// A base with its adapters, and texts of awkward lengths.
    private struct Stage {
        let fixture: Fixture
        let names: [String]
        let adapters: [Adapter]
        var random: TestRandom

        init(_ base: String, _ dataType: DataType, seed: UInt64) throws {
            let fixture = try Fixture(base, precision: BasePrecision(dataType))
            self.fixture = fixture
            names = fixture.cases.keys.sorted()
            adapters = try names.map { try fixture.adapter($0) }
            random = TestRandom(seed: seed)
        }

        mutating func texts() -> [[Int32]] {
            let lengths = [1, 7, 33, min(383, fixture.base.configuration.positions)]
            return (0..<Int.random(in: 1...9, using: &random)).map { _ in
                let bound = lengths.randomElement(using: &random) ?? 1
                let length = Bool.random(using: &random) ? bound : Int.random(in: 1...bound, using: &random)
                return (0..<length).map { _ in Int32.random(in: 0..<61, using: &random) }
            }
        }

        mutating func assignments(_ count: Int) -> [[Int]] {
            (0..<count).map { _ in
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    adapters.indices.randomElement(using: &random) ?? 0
                }
            }
        }

        func pass() -> InferencePass { InferencePass(base: fixture.base) }

        func alone(_ text: [Int32], _ adapter: Int) -> [Float] {
            pass().logits(PackedBatch([text]), adapters: [adapters[adapter]], assignments: [[0]])[0][0]
        }
    }

    @Test(arguments: bases) func anyBatchBesideAnyAdaptersGivesTheLogitsOfTheTextAlone(base: String, dataType: DataType)
        throws
    {
        var stage = try Stage(base, dataType, seed: seed)
        let pass = stage.pass()
        for round in 0..<6 {
            let texts = stage.texts()
            let assignments = stage.assignments(texts.count)
            let logits = pass.logits(PackedBatch(texts), adapters: stage.adapters, assignments: assignments)
            for (place, text) in texts.enumerated() {
                #expect(logits[place].count == assignments[place].count)
                for (task, adapter) in assignments[place].enumerated() {
                    let off = deviation(logits[place][task], stage.alone(text, adapter))
                    #expect(
                        off < 1e-5,
                        "\(base), \(dataType), \(stage.names[adapter]), \(text.count) tokens, \(round), seed \(seed)")
                }
            }
        }
    }

    @Test(arguments: bases) func anyOrderOfTextsAndAdaptersGivesTheSameLogits(base: String, dataType: DataType) throws {
        var stage = try Stage(base, dataType, seed: seed)
        let pass = stage.pass()
        for round in 0..<6 {
            let texts = stage.texts()
            let assignments = stage.assignments(texts.count)
            let straight = pass.logits(PackedBatch(texts), adapters: stage.adapters, assignments: assignments)
            let order = texts.indices.shuffled(using: &stage.random)
            let numbers = stage.adapters.indices.shuffled(using: &stage.random)
            let shuffled = pass.logits(
                PackedBatch(order.map { texts[$0] }), adapters: numbers.map { stage.adapters[$0] },
                assignments: order.map { assignments[$0].map { number in numbers.firstIndex(of: number) ?? 0 } })
            for (place, text) in order.enumerated() {
                for (one, other) in zip(shuffled[place], straight[text]) {
                    #expect(deviation(one, other) < 1e-5, "\(base), \(dataType), round \(round), seed \(seed)")
                }
            }
        }
    }

    /// The adapters of a batch are another set before, and again the first one after: nothing of the others stays
    /// behind.
    @Test(arguments: bases) func swapOfTheAdaptersLeavesNothingBehind(base: String, dataType: DataType) throws {
        var stage = try Stage(base, dataType, seed: seed)
        let texts = stage.texts()
        let pass = stage.pass()
        func logits(_ adapter: Adapter) -> [[[Float]]] {
            pass.logits(PackedBatch(texts), adapters: [adapter], assignments: texts.map { _ in [0] })
        }
        let before = stage.adapters.map(logits)
        for (number, adapter) in stage.adapters.enumerated().shuffled(using: &stage.random) {
            #expect(logits(adapter) == before[number], "\(base), \(dataType), \(stage.names[number]), seed \(seed)")
        }
    }

    @Test(arguments: bases) func sameInputGivesTheSameBits(base: String, dataType: DataType) throws {
        var stage = try Stage(base, dataType, seed: seed)
        let texts = (0..<4).flatMap { _ in stage.texts() }
        let assignments = stage.assignments(texts.count)
        let batch = PackedBatch(texts)
        let first = stage.pass().logits(batch, adapters: stage.adapters, assignments: assignments)
        #expect(stage.pass().logits(batch, adapters: stage.adapters, assignments: assignments) == first, "seed \(seed)")
        // The threads share the texts out anew in each run; the batches are the same.
        let parallel = ParallelInference(base: stage.fixture.base, workers: 3, batchTokens: 128)
        let adapters = stage.adapters
        func run() -> [[[Float]]] {
            parallel.logits(
                count: texts.count, adapters: adapters, assignments: { assignments[$0] }, sequence: { texts[$0] })
        }
        #expect(run() == run(), "seed \(seed)")
        for (one, other) in zip(run(), first) { #expect(deviation(one, other) < 1e-5, "seed \(seed)") }
    }
}
