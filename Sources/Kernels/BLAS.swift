import COpenBLAS
import CVectorKernels
import Glibc

/// OpenBLAS as a library: its kernels and its threads.
public enum BLAS {
    /// The environment variable that makes OpenBLAS use the kernels of another CPU. It is read when the library loads.
    public static let coreTypeVariable = "OPENBLAS_CORETYPE"
    private static let restartGuard = "LORIKEET_RESTARTED_FOR_BLAS"

    /// Makes every BLAS call single-threaded, because callers bring their own threads. Idempotent.
    public static func configure() {
        openblas_set_num_threads(1)
    }

    /// OpenBLAS's name for the kernels it runs, such as `Haswell` or `SkylakeX`.
    public static var kernelName: String {
        guard let name = openblas_get_corename() else { return "unknown" }
        return String(cString: name)
    }

    /// All kernels in use, such as `x86-64-v4, OpenBLAS SkylakeX`.
    public static var kernels: String { "\(vectorInstructionSet), OpenBLAS \(kernelName)" }

    /// The instruction set of the vector kernels: `x86-64-v4`, `x86-64-v3` or `baseline`.
    public static var vectorInstructionSet: String { String(cString: lk_instruction_set()) }

    /// The value of `OPENBLAS_CORETYPE` that selects the best kernels for this CPU.
    ///
    /// Nil if OpenBLAS runs them already, if the CPU lacks AVX-512 (f, dq, bw, vl), or if the variable is set: a user's
    /// choice stands.
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

    /// Executes this program again with `OPENBLAS_CORETYPE` set to ``preferredCoreType``.
    ///
    /// Call it first in `main`: the process keeps its ID, but loses threads, locks and unflushed output. Returns if
    /// there is nothing to gain, if this is already the second execution, or if the system refuses.
    public static func restartWithPreferredKernels() {
        guard let coreType = preferredCoreType, getenv(restartGuard) == nil else { return }
        setenv(coreTypeVariable, coreType, 1)
        setenv(restartGuard, "1", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        unsetenv(coreTypeVariable)
    }
}
