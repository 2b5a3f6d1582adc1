import CVectorKernels

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
