import Kernels
import Synchronization

/// The weights of `backwardInput`. They are made when training first needs them, so that a daemon that only serves does
/// not hold them.
final class TransposedParts: Sendable {
    private let source: [PackedLinear.Part]
    private let inputs: Int
    private let outputs: Int

    // MARK: - Mutable State (guarded by its own lock)

    private let made = Mutex<[DataType: [PackedLinear.Part]]>([:])

    init(_ source: [PackedLinear.Part], inputs: Int, outputs: Int) {
        self.source = source
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Each part as a weight from its outputs to its inputs.
    ///
    /// - Parameter dataType: float32 or bfloat16.
    func parts(in dataType: DataType) -> [PackedLinear.Part] {
        made.withLock { made in
            if let parts = made[dataType] { return parts }
            let parts = source.map { transposed($0, in: dataType) }
            made[dataType] = parts
            return parts
        }
    }

    private func transposed(_ part: PackedLinear.Part, in dataType: DataType) -> PackedLinear.Part {
        let weight = FloatStorage(count: outputs * inputs)
        part.unpack(inputs: inputs, outputs: outputs, to: weight.base)
        return withExtendedLifetime(weight) {
            // What a weight of int8 or bfloat16 stands for is never too large for bfloat16.
            if dataType == .bfloat16,
                let rounded = try? BFloat16Weight(
                    inputs: outputs, outputs: inputs, weight: weight.pointer, transposed: true)
            {
                return .rounded(rounded)
            }
            let result = FloatStorage(count: packedCount(inputs: outputs, outputs: inputs))
            packWeight(inputs: outputs, outputs: inputs, weight: weight.pointer, transposed: true, packed: result.base)
            return .floats(result)
        }
    }
}
