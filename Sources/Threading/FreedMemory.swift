import CLinux

/// What becomes of memory that is freed.
public enum FreedMemory {
    /// Lets the memory of a replaced adapter go back to the system as soon as no batch uses it. Call it once, before
    /// adapters are loaded; it concerns the whole process.
    ///
    /// By default, glibc raises the size from which an allocation gets pages of its own to that of the largest one that
    /// was ever freed. The weights of adapters then come from the arenas of the threads that load them, and what a swap
    /// frees leaves holes there: over 1,500 swaps of 100 adapters, memory grew by 60 MB that nothing used. With a fixed
    /// size it does not grow.
    public static func returnEarly() {
        // The initial value of glibc; setting it ends the adjustment.
        mallopt(M_MMAP_THRESHOLD, 128 * 1024)
    }
}
