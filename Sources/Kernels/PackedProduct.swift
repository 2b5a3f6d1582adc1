import CVectorKernels

// A linear layer with frozen weights. They are packed once in the order of the registers; BLAS would pack them at each
// call. Measured against OpenBLAS 0.3.21 on one core (Zen 4, AVX-512 and AVX2): a tenth faster for 512 rows, two thirds
// for 20.

/// Whether the vector kernels beat BLAS on this CPU, which takes AVX2 or AVX-512.
public var hasPackedProduct: Bool { BLAS.vectorInstructionSet != "baseline" }

/// Floats in the packed form of a weight [outputs, inputs].
public func packedCount(inputs: Int, outputs: Int) -> Int { lk_packed_count(inputs, outputs) }

/// Writes the packed form of a weight to `packed`, ``packedCount(inputs:outputs:)`` floats aligned to 64 bytes.
///
/// `weight` is stored as [outputs, inputs], or as [inputs, outputs] if `transposed`. The packed form depends on the CPU
/// and is not for storage.
public func packWeight(
    inputs: Int, outputs: Int, weight: UnsafePointer<Float>, transposed: Bool = false,
    packed: UnsafeMutablePointer<Float>
) {
    lk_pack(inputs, outputs, weight, transposed ? 1 : inputs, transposed ? outputs : 1, packed)
}

/// Restores weight[outputs, inputs] from its packed form.
public func unpackWeight(inputs: Int, outputs: Int, packed: UnsafePointer<Float>, weight: UnsafeMutablePointer<Float>) {
    lk_unpack(inputs, outputs, packed, weight)
}

/// y[rows, outputs] (+)= x[rows, inputs] · weightᵀ + bias. A row's result has the same bits whatever the other rows
/// are.
public func packedProduct(
    rows: Int, inputs: Int, outputs: Int, x: UnsafePointer<Float>, xStride: Int, packed: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, accumulate: Bool = false, y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_packed_product(rows, inputs, outputs, x, xStride, packed, bias, accumulate, y, yStride)
}
