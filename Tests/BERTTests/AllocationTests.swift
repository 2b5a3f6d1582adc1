import CAllocationCounter
import Kernels
import TestSupport
import Testing

@testable import BERT

/// Once a pass has seen its largest batch, it asks the system for no more memory.
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
