import CVectorKernels

/// The key of a stream of dropout masks. A mask is a pure function of key and index, so nothing is stored for the
/// backward pass.
public struct DropoutKey: Sendable, Hashable {
    /// The seed of all streams.
    public var seed: UInt64
    /// The number of the stream.
    public var stream: UInt64

    /// The key of a stream of this seed.
    public init(seed: UInt64, stream: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
    }

    /// An independent key derived from this one, for a layer, a sequence or a step.
    public func stream(_ child: UInt64) -> DropoutKey {
        DropoutKey(seed: bits, stream: child)
    }

    /// The seed and the stream, mixed.
    var bits: UInt64 { SplitMix64(seed: seed, stream: stream).state }
}
