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

/// How much to drop, and with which masks.
public struct Dropout: Sendable, Equatable {
    /// The probability that an element becomes zero, 0 ..< 1.
    public var rate: Float
    /// Selects the masks.
    public var key: DropoutKey

    /// Dropout at this rate.
    public init(rate: Float, key: DropoutKey) {
        self.rate = rate
        self.key = key
    }
}

/// y (+)= x / (1 − rate) where the mask keeps an element, else 0. May run in place.
///
/// The index of an element is row · columns + column. The backward pass is the same call on gradients.
public func dropout(
    _ dropout: Dropout, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int, accumulate: Bool = false
) {
    lk_dropout(rows, columns, dropout.rate, dropout.key.bits, x, xStride, y, yStride, accumulate)
}
