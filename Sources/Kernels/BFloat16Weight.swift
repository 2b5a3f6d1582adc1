import CVectorKernels

/// A frozen weight [outputs, inputs] rounded to bfloat16, packed for the products of bfloat16.
///
/// bfloat16 is the upper half of a float: the same range, 8 bits of precision. Weights are rounded to nearest even, and
/// subnormal ones become zero, because the instructions of x86-64 read them so. The packed form is the same on every
/// CPU.
public final class BFloat16Weight: @unchecked Sendable {
    // `@unchecked Sendable`: written only before it is shared.

    /// Why a weight cannot be rounded.
    public enum Failure: Error, Equatable, Sendable {
        /// A weight is NaN or infinite, or so large that it would be after rounding.
        case notFinite
        /// The layer has no inputs or outputs.
        case size(inputs: Int, outputs: Int)
    }

    /// Columns of x.
    public let inputs: Int
    /// Columns of y.
    public let outputs: Int
    private let memory: UnsafeMutableRawPointer

    /// Rounds a weight.
    ///
    /// - Parameter weight: stored as [outputs, inputs], or as [inputs, outputs] if `transposed`.
    public init(
        inputs: Int, outputs: Int, weight: UnsafePointer<Float>, transposed: Bool = false
    ) throws(Failure) {
        guard inputs > 0, outputs > 0 else { throw .size(inputs: inputs, outputs: outputs) }
        self.inputs = inputs
        self.outputs = outputs
        let count = lk_bf16_weight_size(inputs, outputs)
        memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        memory.bindMemory(to: UInt16.self, capacity: count / 2)
        let isFinite = withUnsafePointer(to: pointers) {
            lk_round_weight($0, weight, transposed ? 1 : inputs, transposed ? outputs : 1)
        }
        guard isFinite else { throw .notFinite }
    }

    deinit { memory.deallocate() }

    /// The rounded weights as floats, [outputs, inputs].
    public func widen(to weight: UnsafeMutablePointer<Float>) {
        withUnsafePointer(to: pointers) { lk_widen_weight($0, weight) }
    }

    /// As the kernels take it.
    var pointers: lk_bf16_weight {
        lk_bf16_weight(inputs: inputs, outputs: outputs, values: memory.assumingMemoryBound(to: UInt16.self))
    }
}

extension BFloat16Weight.Failure: CustomStringConvertible {
    /// What is wrong, without the name of the weight.
    public var description: String {
        switch self {
        case .notFinite: "it contains NaN or infinity, or a number that is too large for bfloat16"
        case .size(let inputs, let outputs):
            "it has \(inputs) inputs and \(outputs) outputs; there must be at least one"
        }
    }
}
