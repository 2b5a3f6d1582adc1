import CVectorKernels

/// Names one stream of dropout masks: a mask is a pure function of key and index, so nothing is stored for the backward pass.
public struct DropoutKey: Sendable, Hashable {
    public var seed: UInt64
    public var stream: UInt64

    public init(seed: UInt64, stream: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
    }

    /// An independent key below this one, as for a layer, a sequence or a step.
    public func stream(_ child: UInt64) -> DropoutKey {
        DropoutKey(seed: bits, stream: child)
    }

    /// Seed and stream mixed.
    var bits: UInt64 { SplitMix64(seed: seed, stream: stream).state }
}

/// How much to drop, and by which masks.
public struct Dropout: Sendable, Equatable {
    /// The probability that an element becomes zero, 0 ..< 1.
    public var rate: Float
    public var key: DropoutKey

    public init(rate: Float, key: DropoutKey) {
        self.rate = rate
        self.key = key
    }
}

/// y (+)= x / (1 − rate) where the mask keeps an element, else 0; in place allowed.
///
/// The index of an element is row · columns + column, counted from 0 in this call. The backward pass is the same call on gradients.
public func dropout(
    _ dropout: Dropout, rows: Int, columns: Int,
    x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int, accumulate: Bool = false
) {
    lk_dropout(rows, columns, dropout.rate, dropout.key.bits, x, xStride, y, yStride, accumulate)
}
