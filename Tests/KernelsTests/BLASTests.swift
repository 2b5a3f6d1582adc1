import CVectorKernels
import Glibc
import Testing

@testable import Kernels

@Suite struct BLASTests {
    @Test func prefersAVX512KernelsOnlyWhereTheyAreMissing() {
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "Haswell", userChoice: nil) == "SKYLAKEX")
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "Zen", userChoice: nil) == "SKYLAKEX")
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "SkylakeX", userChoice: nil) == nil)
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "Cooperlake", userChoice: nil) == nil)
        #expect(BLAS.preferredCoreType(hasAVX512: false, kernelName: "Haswell", userChoice: nil) == nil)
    }

    @Test func theUsersChoiceOfKernelsWins() {
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "Haswell", userChoice: "HASWELL") == nil)
        #expect(BLAS.preferredCoreType(hasAVX512: true, kernelName: "Haswell", userChoice: "") == nil)
    }

    @Test func namesWhatRuns() {
        #expect(!BLAS.kernelName.isEmpty)
        #expect(["x86-64-v4", "x86-64-v3", "baseline"].contains(BLAS.vectorInstructionSet))
    }

    @Test func flushToZeroHoldsForTheCallingThreadOnly() {
        // Other tests share this thread and may have set it.
        let flushedBefore = lk_flushes_to_zero()
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { _ in
                enableFlushToZero()
                var tiny = [Float.leastNormalMagnitude]
                scale(count: 1, alpha: 0.5, x: &tiny)
                let vanished = lk_flushes_to_zero() && tiny[0] == 0
                return UnsafeMutableRawPointer(bitPattern: vanished ? 1 : 2)
            }, nil)
        #expect(started == 0)
        var result: UnsafeMutableRawPointer?
        pthread_join(thread, &result)
        #expect(Int(bitPattern: result) == 1)
        #expect(lk_flushes_to_zero() == flushedBefore)
    }
}
