import CVectorKernels

/// The instructions that a product of bfloat16 can use. The operands are the same bits, the sums are not.
public enum BFloat16Instructions: Int32, Sendable, CaseIterable {
    /// Any CPU, slowly: the reference for the others.
    case portable = 0
    /// x86-64 with AVX-512 BF16.
    case avx512 = 1
    /// x86-64 with AMX for bfloat16, if the kernel permits it.
    case amx = 2
    /// 64-bit ARM with the dot product instructions for bfloat16.
    case neonDotProduct = 3

    /// Whether this CPU has them.
    public var isAvailable: Bool { lk_has_bf16(rawValue) }

    /// The best ones of this CPU, found at the first use.
    public static let best = BFloat16Instructions(rawValue: lk_bf16_level()) ?? .portable

    /// As logs name them.
    public var name: String {
        switch self {
        case .portable: "portable"
        case .avx512: "AVX-512 BF16"
        case .amx: "AMX"
        case .neonDotProduct: "NEON dot product"
        }
    }
}

/// Whether this CPU has instructions for products of bfloat16. Without them they are slower than those of floats.
public var hasBFloat16Product: Bool { BFloat16Instructions.best != .portable }

/// y[rows, outputs] (+)= x[rows, inputs] · weightᵀ + bias.
///
/// Products of two bfloat16 numbers are exact in a float; only the sums of floats are rounded, in an order that depends
/// on the CPU. So a result deviates from the exact product of the rounded operands by at most
/// (inputs + 2) · (2⁻²³ · (Σ|x · w| + |bias| + |y before|) + 2⁻¹²⁵), unless that sum overflows a float. On one CPU, a
/// row's result has the same bits whatever the other rows are. A row with a NaN gives NaN.
///
/// - Parameters:
///   - x: rows of ``BFloat16Weight/inputs`` columns.
///   - bias: [outputs], or nil; added in float32.
///   - instructions: must be available on this CPU.
public func bfloat16Product(
    rows: Int, x: BFloat16Rows, weight: BFloat16Weight, bias: UnsafePointer<Float>?, accumulate: Bool = false,
    y: UnsafeMutablePointer<Float>, yStride: Int, instructions: BFloat16Instructions = .best
) {
    // Asking the CPU anew would cost more than a small product.
    precondition(instructions == .best || instructions.isAvailable, "this CPU lacks \(instructions.name)")
    withUnsafePointer(to: x.pointers) { x in
        withUnsafePointer(to: weight.pointers) { weight in
            lk_bf16_product(instructions.rawValue, rows, x, weight, bias, accumulate, y, yStride)
        }
    }
}
