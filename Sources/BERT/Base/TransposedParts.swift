import Kernels
import Synchronization

/// The weights of `backwardInput`. They are made when training first needs them, so that a daemon that only serves does
/// not hold them.
final class TransposedParts: Sendable {
    private let source: [PackedLinear.Part]
    private let inputs: Int
    private let outputs: Int

    // MARK: - Mutable State (guarded by its own lock)

    private let made = Mutex<[FloatStorage]>([])

    init(_ source: [PackedLinear.Part], inputs: Int, outputs: Int) {
        self.source = source
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Each part packed as a weight from its outputs to its inputs.
    var panels: [FloatStorage] {
        made.withLock { made in
            if made.isEmpty { made = source.map(transposed) }
            return made
        }
    }

    private func transposed(_ part: PackedLinear.Part) -> FloatStorage {
        let weight = FloatStorage(count: outputs * inputs)
        part.unpack(inputs: inputs, outputs: outputs, to: weight.base)
        let result = FloatStorage(count: packedCount(inputs: outputs, outputs: inputs))
        withExtendedLifetime(weight) {
            packWeight(inputs: outputs, outputs: inputs, weight: weight.pointer, transposed: true, packed: result.base)
        }
        return result
    }
}
