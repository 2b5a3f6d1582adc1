import CVectorKernels

/// A frozen weight [outputs, inputs] rounded to bfloat16, packed for the products of bfloat16.
///
/// bfloat16 is the upper half of a float: the same range, 8 bits of precision. Weights are rounded to nearest even, and
/// subnormal ones become zero, because the instructions of x86-64 read them so. The packed form is the same on every
/// CPU.
public final class BFloat16Weight: @unchecked Sendable {
    // `@unchecked Sendable`: written only before it is shared.

    /// Why a weight cannot be rounded or read.
    public enum Failure: Error, Equatable, Sendable {
        /// A weight is NaN or infinite, or so large that it would be after rounding.
        case notFinite
        /// The layer has no inputs or outputs.
        case size(inputs: Int, outputs: Int)
        /// Stored bytes are not those of a weight of this size.
        case damaged
    }

    /// Columns of x.
    public let inputs: Int
    /// Columns of y.
    public let outputs: Int
    /// The packed form, for storage: ``byteCount(inputs:outputs:)`` bytes aligned to 64.
    public let bytes: UnsafeRawBufferPointer
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
        (memory, bytes) = Self.allocate(inputs: inputs, outputs: outputs)
        let isFinite = withUnsafePointer(to: pointers) {
            lk_round_weight($0, weight, transposed ? 1 : inputs, transposed ? outputs : 1)
        }
        guard isFinite else { throw .notFinite }
    }

    /// Copies a weight from its packed form, after checking its size and that all weights are finite.
    ///
    /// A flipped bit mostly leaves another valid weight, so whoever stores the form must keep its digest.
    public init(inputs: Int, outputs: Int, bytes stored: UnsafeRawBufferPointer) throws(Failure) {
        guard inputs > 0, outputs > 0 else { throw .size(inputs: inputs, outputs: outputs) }
        guard stored.count == Self.byteCount(inputs: inputs, outputs: outputs) else { throw .damaged }
        self.inputs = inputs
        self.outputs = outputs
        (memory, bytes) = Self.allocate(inputs: inputs, outputs: outputs)
        UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyMemory(from: stored)
        guard withUnsafePointer(to: pointers, { lk_bf16_weight_is_valid($0) }) else { throw .damaged }
    }

    deinit { memory.deallocate() }

    /// Bytes of the packed form.
    public static func byteCount(inputs: Int, outputs: Int) -> Int { lk_bf16_weight_size(inputs, outputs) }

    /// The rounded weights as floats, [outputs, inputs].
    public func widen(to weight: UnsafeMutablePointer<Float>) {
        withUnsafePointer(to: pointers) { lk_widen_weight($0, weight) }
    }

    /// As the kernels take it.
    var pointers: lk_bf16_weight {
        lk_bf16_weight(inputs: inputs, outputs: outputs, values: memory.assumingMemoryBound(to: UInt16.self))
    }

    private static func allocate(
        inputs: Int, outputs: Int
    ) -> (memory: UnsafeMutableRawPointer, bytes: UnsafeRawBufferPointer) {
        let count = byteCount(inputs: inputs, outputs: outputs)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        memory.bindMemory(to: UInt16.self, capacity: count / 2)
        return (memory, UnsafeRawBufferPointer(start: memory, count: count))
    }
}

extension BFloat16Weight.Failure: CustomStringConvertible {
    /// What is wrong, without the name of the weight.
    public var description: String {
        switch self {
        case .notFinite: "it contains NaN or infinity, or a number that is too large for bfloat16"
        case .size(let inputs, let outputs):
            "it has \(inputs) inputs and \(outputs) outputs; there must be at least one"
        case .damaged: "the stored bytes are damaged"
        }
    }
}
