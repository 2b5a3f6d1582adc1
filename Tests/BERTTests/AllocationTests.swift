import CAllocationCounter
import Files
import Kernels
import TestSupport
import Testing

@testable import BERT

/// Once a pass has seen its largest batch, it asks the system for no more memory. A base is never in memory twice.
struct AllocationTests {
    @Test func batchesAfterTheFirstAllocateNothing() throws {
        let fixture = try Fixture("bert")
        let adapters = try ["plain", "patterns", "dense", "everything", "biases", "top"].map { try fixture.adapter($0) }
        let batch = PackedBatch(fixture.sequences)
        let assignments = fixture.sequences.indices.map { [$0 % adapters.count, ($0 + 2) % adapters.count] }
        let pass = InferencePass(base: fixture.base)
        var sum: Float = 0
        func run() {
            pass.forEachLogits(batch, adapters: adapters, assignments: assignments) { _, _, logits in sum += logits[0] }
        }
        run()
        run()
        let before = allocation_count()
        for _ in 0..<50 { run() }
        let count = allocation_count() - before
        #expect(count == 0)
        // The counter counts.
        let probe = [Int](repeating: Int(sum.isNaN ? 1 : 0), count: 1000)
        #expect(probe.count == 1000 && allocation_count() > before)
    }

    /// Most of a small base are its word embeddings in float32. In int8, they are rounded while they are read.
    @Test(arguments: [BasePrecision.float32, BasePrecision(.int8)])
    func readingABaseTakesLittleMoreThanTheBaseItself(precision: BasePrecision) throws {
        let folder = try TestModels.tinyBase(layers: 1, hidden: 128, words: (0..<20_000).map { "word\($0)" })
        let size = try FileContents.array(path: folder.path + "/model.safetensors", atMost: .max).count
        for cache in [false, true] {
            allocation_peak_begin()
            let base = try BERTBase(directory: folder.path, precision: precision, cache: cache)
            let peak = Double(allocation_peak()) / Double(size)
            // The codes are a quarter of the floats.
            #expect(precision == .float32 ? (1..<1.2).contains(peak) : (0.25..<0.4).contains(peak), "\(peak)")
            withExtendedLifetime(base) {}
        }
    }

    @Test func memoryStaysWhenBatchesGetSmaller() throws {
        let fixture = try Fixture("bert")
        let adapter = try fixture.adapter("plain")
        let pass = InferencePass(base: fixture.base)
        _ = pass.logits(
            PackedBatch(fixture.sequences), adapters: [adapter], assignments: fixture.sequences.map { _ in [0] })
        let bytes = pass.workspaceBytes
        var random = SplitMix64(seed: 61)
        for _ in 0..<100 {
            let sequences = fixture.sequences.filter { _ in random.next() % 2 == 0 }
            _ = pass.logits(PackedBatch(sequences), adapters: [adapter], assignments: sequences.map { _ in [0] })
        }
        #expect(pass.workspaceBytes == bytes)
    }
}
