import Kernels
import TestSupport
import Testing

@testable import BERT

/// A text's logits do not depend on what else is in the batch.
struct InferenceTests {
    private let fixture: Fixture
    private let adapters: [Adapter]
    private let names = ["plain", "patterns", "dense", "everything", "biases", "dora", "top"]

    init() throws {
        let fixture = try Fixture("bert")
        self.fixture = fixture
        adapters = try names.map { try fixture.adapter($0) }
    }

    private func alone(_ sequence: [Int32], _ adapter: Adapter) -> [Float] {
        InferencePass(base: fixture.base).logits(PackedBatch([sequence]), adapters: [adapter], assignments: [[0]])[0][0]
    }

    @Test func rowInABatchEqualsTheSameRowAlone() throws {
        var random = SplitMix64(seed: 11)
        let pass = InferencePass(base: fixture.base)
        for _ in 0..<20 {
            let sequences = (0..<9).map { _ in
                (0..<Int(random.next() % 39 + 1)).map { _ in Int32(random.next() % 61) }
            }
            let assignments = sequences.map { _ in
                (0..<Int(random.next() % 4)).map { _ in Int(random.next() % UInt64(adapters.count)) }
            }
            let logits = pass.logits(PackedBatch(sequences), adapters: adapters, assignments: assignments)
            for (sequence, text) in sequences.enumerated() {
                #expect(logits[sequence].count == assignments[sequence].count)
                for (k, adapter) in assignments[sequence].enumerated() {
                    let lone = alone(text, adapters[adapter])
                    // Only what BLAS multiplies may differ in the last bits.
                    #expect(
                        hasPackedProduct ? logits[sequence][k] == lone : deviation(logits[sequence][k], lone) < 1e-5,
                        "\(names[adapter])")
                }
            }
        }
    }

    @Test func orderOfTextsAndAdaptersChangesNothing() {
        let pass = InferencePass(base: fixture.base)
        let assignments = fixture.sequences.indices.map { [$0 % adapters.count, ($0 + 3) % adapters.count] }
        let straight = pass.logits(PackedBatch(fixture.sequences), adapters: adapters, assignments: assignments)
        let reversed = pass.logits(
            PackedBatch(fixture.sequences.reversed()), adapters: adapters.reversed(),
            assignments: assignments.reversed().map { $0.map { adapters.count - 1 - $0 } })
        for (one, other) in zip(straight, reversed.reversed()) { #expect(deviation(one, other) < 1e-5) }
    }

    @Test func forksEqualSeparateRuns() throws {
        let bases = [fixture, try Fixture("distilbert")]
        for fixture in bases {
            let top = fixture.base.configuration.layers - 1
            let target = fixture.base.configuration.architecture == .bert ? "query" : "q_lin"
            let configurations = [nil, [top], [top - 1], [0, top]].map {
                LoRAConfiguration(rank: 3, alpha: 6, targets: [target], layers: $0)
            }
            let adapters = try configurations.enumerated().map { number, configuration in
                try TestModels.adapter(
                    over: fixture.base, labels: ["a", "b", "c"], configuration: configuration, seed: UInt64(number))
            }
            let all = fixture.sequences.map { _ in Array(adapters.indices) }
            let forked = InferencePass(base: fixture.base).logits(
                PackedBatch(fixture.sequences), adapters: adapters, assignments: all)
            for (number, adapter) in adapters.enumerated() {
                #expect(deviation(forked.map { $0[number] }, fixture.logits(adapter)) < 1e-5)
            }
        }
    }

    @Test func headsForkAboveTheEncoder() throws {
        let head = try TestModels.adapter(
            over: fixture.base, labels: ["a", "b"],
            configuration: LoRAConfiguration(rank: 2, alpha: 2, targets: ["pooler.dense"]))
        #expect(head.lowestLayer == 3)
        let both = InferencePass(base: fixture.base).logits(
            PackedBatch(fixture.sequences), adapters: [adapters[0], head],
            assignments: fixture.sequences.map { _ in [1, 0, 1] })
        #expect(deviation(both.map { $0[0] }, fixture.logits(head)) < 1e-5)
        #expect(deviation(both.map { $0[1] }, fixture.logits(adapters[0])) < 1e-5)
        #expect(both.map { $0[0] } == both.map { $0[2] })
    }

    @Test func newAdapterChangesNothing() throws {
        for name in ["bert", "distilbert"] {
            let fixture = try Fixture(name)
            let labels = ["a", "b", "c"]
            let plain = try TrainableAdapter(
                base: fixture.base, configuration: LoRAConfiguration(targets: ["all-linear"], bias: .loraOnly),
                labels: labels, seed: 1)
            let other = try TrainableAdapter(
                base: fixture.base, configuration: LoRAConfiguration(rank: 1, targets: ["value"]), labels: labels,
                seed: 2)
            // The same head over both: then only the updates could make a difference.
            let heads = zip(plain.tensors.suffix(2), other.tensors.suffix(2))
            for (one, two) in heads {
                for (from, to) in zip(one.range, two.range) { other.values[to] = plain.values[from] }
            }
            if let one = plain.tensors.first(where: { $0.name.hasSuffix("pre_classifier.weight") }),
                let two = other.tensors.first(where: { $0.name == one.name })
            {
                for (from, to) in zip(one.range, two.range) { other.values[to] = plain.values[from] }
            }
            #expect(deviation(fixture.logits(try plain.frozen()), fixture.logits(try other.frozen())) < 1e-6)
        }
    }

    @Test func textsWithoutTasksAndWrongTokensAreHarmless() {
        let pass = InferencePass(base: fixture.base)
        let long = [Int32](repeating: 7, count: 100)
        let logits = pass.logits(
            PackedBatch([[], [-5, 61, Int32.max], long, [3]]), adapters: adapters, assignments: [[0], [1], [0], []])
        #expect(logits[3].isEmpty)
        #expect(deviation(logits[0][0], alone([0], adapters[0])) < 1e-5)
        #expect(deviation(logits[1][0], alone([0, 0, 0], adapters[1])) < 1e-5)
        #expect(deviation(logits[2][0], alone(Array(long.prefix(40)), adapters[0])) < 1e-5)
        #expect(pass.logits(PackedBatch(), adapters: [], assignments: []).isEmpty)
        #expect(pass.logits(PackedBatch([[1]]), adapters: adapters, assignments: [[]]) == [[]])
    }

    @Test func memoryDoesNotGrowOverBatches() {
        let pass = InferencePass(base: fixture.base)
        func run() {
            _ = pass.logits(
                PackedBatch(fixture.sequences), adapters: adapters, assignments: fixture.sequences.map { _ in [0, 6] })
        }
        run()
        let bytes = pass.workspaceBytes
        for _ in 0..<10 { run() }
        #expect(pass.workspaceBytes == bytes)
    }

    @Test func parallelInferenceKeepsTheOrder() {
        let sequences = (0..<200).map { number in (0...number % 30).map { Int32(($0 * 7 + number) % 61) } }
        let assign: @Sendable (Int) -> [Int] = { $0 % 5 == 0 ? [] : [$0 % 7, 0] }
        let expected = InferencePass(base: fixture.base).logits(
            PackedBatch(sequences), adapters: adapters, assignments: sequences.indices.map(assign))
        for workers in [1, 3] {
            let found = ParallelInference(base: fixture.base, workers: workers, batchTokens: 64)
                .logits(count: sequences.count, adapters: adapters, assignments: assign) { sequences[$0] }
            for (one, other) in zip(found, expected) { #expect(deviation(one, other) < 1e-5) }
        }
        #expect(
            ParallelInference(base: fixture.base, workers: 2).logits(count: 0, adapters: [], assignments: { _ in [] }) {
                _ in []
            }.isEmpty)
    }
}
