import COpenBLAS
import CVectorKernels
import Glibc

/// OpenBLAS as a whole: its kernels and its threads.
public enum BLAS {
    /// The environment variable by which OpenBLAS takes another CPU's kernels; read when the library loads.
    public static let coreTypeVariable = "OPENBLAS_CORETYPE"
    private static let restartGuard = "LORIKEET_RESTARTED_FOR_BLAS"

    /// Makes every BLAS call single-threaded: callers bring the threads. Idempotent.
    public static func configure() {
        openblas_set_num_threads(1)
    }

    /// The kernels that OpenBLAS runs, by its own name for them, such as `Haswell` or `SkylakeX`.
    public static var kernelName: String {
        guard let name = openblas_get_corename() else { return "unknown" }
        return String(cString: name)
    }

    /// All kernels in use, for people: `x86-64-v4, OpenBLAS SkylakeX`.
    public static var kernels: String { "\(vectorInstructionSet), OpenBLAS \(kernelName)" }

    /// The instruction set that the loops outside BLAS run on: `x86-64-v4`, `x86-64-v3` or `baseline`.
    public static var vectorInstructionSet: String { String(cString: lk_instruction_set()) }

    /// What `OPENBLAS_CORETYPE` should have been for the best kernels that this CPU can run.
    ///
    /// Nil if OpenBLAS runs them already, if the CPU has no AVX-512 (f, dq, bw, vl), or if the variable is set: whoever set
    /// it, slower kernels included, chose them.
    public static var preferredCoreType: String? {
        preferredCoreType(
            hasAVX512: lk_has_avx512(), kernelName: kernelName,
            userChoice: getenv(coreTypeVariable).map { String(cString: $0) })
    }

    static func preferredCoreType(hasAVX512: Bool, kernelName: String, userChoice: String?) -> String? {
        let withAVX512: Set<String> = ["skylakex", "cooperlake", "sapphirerapids", "zen4", "zen5"]
        guard userChoice == nil, hasAVX512, !withAVX512.contains(kernelName.lowercased()) else { return nil }
        return "SKYLAKEX"
    }

    /// Whether ``restartWithPreferredKernels()`` chose the kernels of this process, rather than OpenBLAS or the user.
    public static var wasRestarted: Bool { getenv(restartGuard) != nil }

    /// Executes this program anew, once, with `OPENBLAS_CORETYPE` set to ``preferredCoreType``.
    ///
    /// Call it first thing in `main`: the process keeps its id, but threads, locks and unflushed output are gone. Returns if nothing is to be gained,
    /// if it has already been tried, or if the system refuses.
    public static func restartWithPreferredKernels() {
        guard let coreType = preferredCoreType, getenv(restartGuard) == nil else { return }
        setenv(coreTypeVariable, coreType, 1)
        setenv(restartGuard, "1", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        unsetenv(coreTypeVariable)
    }
}

/// Makes the calling thread treat subnormal numbers as zero: a CPU is many times slower with them.
public func enableFlushToZero() {
    lk_enable_flush_to_zero()
}
