import CVectorKernels

/// Makes the calling thread treat subnormal numbers as zero. CPUs are many times slower with them.
public func enableFlushToZero() {
    lk_enable_flush_to_zero()
}
