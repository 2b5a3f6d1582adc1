import CVectorKernels

/// y[rows, outputs] (+)= x[rows, inputs] · weightᵀ + bias.
///
/// y = (Σ xCode · wCode − zero · Σ wCode) · (xScale · wScale) + bias: the parentheses with integers are exact, the
/// floats are rounded after each operation. So a row's result has the same bits on every CPU, whatever the other rows
/// are. A row whose scale is NaN gives NaN.
///
/// - Parameters:
///   - x: rows of ``QuantizedWeight/inputs`` columns.
///   - bias: [outputs], or nil.
///   - instructions: must be available on this CPU.
public func quantizedProduct(
    rows: Int, x: QuantizedRows, weight: QuantizedWeight, bias: UnsafePointer<Float>?, accumulate: Bool = false,
    y: UnsafeMutablePointer<Float>, yStride: Int, instructions: IntegerInstructions = .best
) {
    // Asking the CPU anew would cost more than a small product.
    precondition(instructions == .best || instructions.isAvailable, "this CPU lacks \(instructions.name)")
    withUnsafePointer(to: x.pointers) { x in
        withUnsafePointer(to: weight.pointers) { weight in
            lk_quantized_product(instructions.rawValue, rows, x, weight, bias, accumulate, y, yStride)
        }
    }
}
