import CVectorKernels

/// A frozen weight [outputs, inputs] as 8-bit codes with a scale per output, packed for the integer products.
///
/// w ≈ code · scale. The codes are symmetric and the same on every CPU, and so are the 32-bit sums of a
/// product. AVX2 has no instruction that sums products of bytes in 32 bits. It sums them in 16 bits, which overflow
/// where large codes of one sign meet. So the scale of an output is just large enough that they cannot: exactness is a
/// property of the weights, checked code by code, and no CPU needs its own.
public final class QuantizedWeight: @unchecked Sendable {
    // `@unchecked Sendable`: written only before it is shared.

    /// How far codes may be from the full 8 bits for the sake of speed on CPUs that sum in 16 bits: AVX2 and plain
    /// NEON.
    public enum Precision: Int32, Sendable, CaseIterable {
        /// Two products are summed in 16 bits. Codes lose a third of a bit.
        case finest = 1
        /// Four. Codes lose about three quarters of a bit, and products are about a quarter faster on AVX2.
        case balanced = 2
        /// Eight. Codes lose a bit and a quarter; products are a tenth faster than `balanced`.
        case fastest = 4
    }

    /// Why a weight cannot be quantized or read.
    public enum Failure: Error, Equatable, Sendable {
        /// A weight is NaN or infinite.
        case notFinite
        /// The layer has no inputs or outputs, or so many inputs that a 32-bit sum could overflow.
        case size(inputs: Int, outputs: Int)
        /// Stored bytes are not those of a quantized weight of this size.
        case damaged
    }

    /// The most inputs of a layer.
    public static let maximumInputs = 16_384

    /// Columns of x.
    public let inputs: Int
    /// Columns of y.
    public let outputs: Int
    /// The packed form, for storage: ``byteCount(inputs:outputs:)`` bytes aligned to 64.
    public let bytes: UnsafeRawBufferPointer
    private let memory: UnsafeMutableRawPointer
    /// Keeps the memory alive; nil if it is this weight's own.
    private let owner: AnyObject?

    /// The version of the packed form: how codes are chosen and laid out. Raise it with any change: what was stored
    /// before is then not read.
    public static let formatVersion = 1

    /// Quantizes a weight, [outputs, inputs].
    public init(
        inputs: Int, outputs: Int, weight: UnsafePointer<Float>, precision: Precision = .balanced
    ) throws(Failure) {
        try Self.check(inputs: inputs, outputs: outputs)
        self.inputs = inputs
        self.outputs = outputs
        (memory, bytes) = Self.allocate(inputs: inputs, outputs: outputs)
        owner = nil
        let isFinite = withUnsafePointer(to: pointers) { lk_quantize_weight($0, weight, precision.rawValue) }
        guard isFinite else { throw .notFinite }
    }

    /// Reads a weight from its packed form, after checking that its products cannot overflow.
    ///
    /// - Parameters:
    ///   - stored: copied, unless there is an owner.
    ///   - owner: keeps `stored` alive and unchanged. Its address must then be a multiple of 64.
    public init(
        inputs: Int, outputs: Int, bytes stored: UnsafeRawBufferPointer, owner: AnyObject? = nil
    ) throws(Failure) {
        try Self.check(inputs: inputs, outputs: outputs)
        guard stored.count == Self.byteCount(inputs: inputs, outputs: outputs), let start = stored.baseAddress else {
            throw .damaged
        }
        self.inputs = inputs
        self.outputs = outputs
        self.owner = owner
        if owner != nil {
            precondition(UInt(bitPattern: start).isMultiple(of: 64), "a packed weight must be aligned to 64 bytes")
            (memory, bytes) = (UnsafeMutableRawPointer(mutating: start), stored)
        } else {
            (memory, bytes) = Self.allocate(inputs: inputs, outputs: outputs)
            UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyMemory(from: stored)
        }
        guard withUnsafePointer(to: pointers, { lk_quantized_weight_is_valid($0) }) else { throw .damaged }
    }

    deinit { if owner == nil { memory.deallocate() } }

    /// Bytes of the packed form.
    public static func byteCount(inputs: Int, outputs: Int) -> Int { lk_quantized_weight_size(inputs, outputs) }

    /// What the codes stand for, [outputs, inputs].
    public func dequantize(to weight: UnsafeMutablePointer<Float>) {
        withUnsafePointer(to: pointers) { lk_dequantize_weight($0, weight) }
    }

    /// As the kernels take it.
    var pointers: lk_quantized_weight { lk_quantized_weight_at(inputs, outputs, memory) }

    private static func check(inputs: Int, outputs: Int) throws(Failure) {
        guard inputs > 0, outputs > 0, inputs <= maximumInputs else {
            throw .size(inputs: inputs, outputs: outputs)
        }
    }

    private static func allocate(
        inputs: Int, outputs: Int
    ) -> (memory: UnsafeMutableRawPointer, bytes: UnsafeRawBufferPointer) {
        let count = byteCount(inputs: inputs, outputs: outputs)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        return (memory, UnsafeRawBufferPointer(start: memory, count: count))
    }
}

extension QuantizedWeight.Failure: CustomStringConvertible {
    /// What is wrong, without the name of the weight.
    public var description: String {
        switch self {
        case .notFinite: "it contains NaN or infinity"
        case .size(let inputs, let outputs):
            "it has \(inputs) inputs and \(outputs) outputs; there may be 1 to \(QuantizedWeight.maximumInputs) inputs"
        case .damaged: "the stored bytes are damaged"
        }
    }
}
