import Kernels
import TestSupport
import Testing

@testable import BERT

/// A challenger in shadow shares the batch with the champion.
struct ShadowInferenceTests {
    private let folder: TemporaryFolder
    private let base: BERTBase
    private let pass: InferencePass
    private let texts: [[Int32]]

    init() throws {
        folder = try TestModels.tinyBase(layers: 4)
        base = try BERTBase(directory: folder.path)
        pass = InferencePass(base: base)
        var random = TestRandom(seed: 16)
        texts = [1, 2, 7, 33, 64, 5, 12].map { length in
            (0..<length).map { _ in Int32.random(in: 0..<61, using: &random) }
        }
    }

    private func adapter(layers: [Int]?, seed: UInt64) throws -> Adapter {
        var configuration = LoRAConfiguration(rank: 4, alpha: 8)
        configuration.layers = layers
        return try TestModels.adapter(over: base, labels: ["a", "b", "c"], configuration: configuration, seed: seed)
    }

    /// The champion's logits of each text, alone in the batch or beside a challenger, and the challenger's.
    private func logits(_ champion: Adapter, beside challenger: Adapter?) -> (
        champion: [[Float]], challenger: [[Float]]
    ) {
        let adapters = [champion] + (challenger.map { [$0] } ?? [])
        let logits = pass.logits(
            PackedBatch(texts), adapters: adapters, assignments: texts.map { _ in Array(adapters.indices) })
        return (logits.map { $0[0] }, logits.compactMap { $0.count > 1 ? $0[1] : nil })
    }

    /// Whichever of the two forks off first: the products of the base then have more rows than without a challenger.
    @Test(arguments: [[0, 1, 2, 3], [2, 3], [3]], [[0, 1, 2, 3], [1, 2], [3]])
    func aChallengerChangesNoBitOfTheChampion(_ own: [Int], _ other: [Int]) throws {
        let (champion, challenger) = (try adapter(layers: own, seed: 1), try adapter(layers: other, seed: 2))
        let alone = logits(champion, beside: nil).champion
        let (beside, shadow) = logits(champion, beside: challenger)
        if hasPackedProduct {
            #expect(beside == alone)
        } else {
            // BLAS promises less.
            for (one, other) in zip(beside, alone) { #expect(deviation(one, other) < 1e-5) }
        }
        for (one, other) in zip(shadow, logits(challenger, beside: nil).champion) {
            #expect(deviation(one, other) < 1e-5, "the challenger's logits are its own")
        }
        #expect(zip(shadow, beside).allSatisfy { $0 != $1 })
    }

    /// Logits that are not finite stay with their adapter.
    @Test func aChallengerThatOverflowsChangesNoBitOfTheChampion() throws {
        let broken = try TrainableAdapter(
            base: base, configuration: LoRAConfiguration(rank: 4, alpha: 8), labels: ["a", "b", "c"], seed: 3)
        for index in broken.values.indices { broken.values[index] = 1e38 }
        let champion = try adapter(layers: nil, seed: 1)
        let (beside, shadow) = logits(champion, beside: try broken.frozen(task: nil))
        #expect(beside.allSatisfy { $0.allSatisfy(\.isFinite) })
        #expect(shadow.allSatisfy { !$0.allSatisfy(\.isFinite) })
        let alone = logits(champion, beside: nil).champion
        for (one, other) in zip(beside, alone) { #expect(deviation(one, other) < 1e-5) }
    }
}
