import CVectorKernels

/// The instructions that a product of integers can use. The results are the same bits.
public enum IntegerInstructions: Int32, Sendable, CaseIterable {
    /// Any CPU.
    case portable = 0
    /// x86-64 with AVX2.
    case avx2 = 1
    /// x86-64 with AVX-VNNI.
    case avxVNNI = 2
    /// x86-64 with AVX-512 VNNI.
    case avx512VNNI = 3
    /// x86-64 with AMX, if the kernel permits it.
    case amx = 4
    /// Any 64-bit ARM.
    case neon = 5
    /// 64-bit ARM with the dot product instructions.
    case neonDotProduct = 6

    /// Whether this CPU has them.
    public var isAvailable: Bool { lk_has_int8(rawValue) }

    /// The best ones of this CPU, found at the first use.
    public static let best = IntegerInstructions(rawValue: lk_int8_level()) ?? .portable

    /// Runs the instructions of a product alone, with all operands in registers: no product can be faster.
    ///
    /// - Returns: the number of operations, two per multiply-add; 0 if these instructions have no such loop.
    public func runAlone(rounds: Int) -> Double {
        precondition(isAvailable, "this CPU lacks \(name)")
        return lk_int8_mix(rawValue, Int64(rounds))
    }

    /// As logs name them.
    public var name: String {
        switch self {
        case .portable: "portable"
        case .avx2: "AVX2"
        case .avxVNNI: "AVX-VNNI"
        case .avx512VNNI: "AVX-512 VNNI"
        case .amx: "AMX"
        case .neon: "NEON"
        case .neonDotProduct: "NEON dot product"
        }
    }
}
