import CVectorKernels

/// Gives back to the system what was freed in many small pieces, such as the texts of a file: the C library would keep it.
public func releaseFreedMemory() { lk_release_freed_memory() }
