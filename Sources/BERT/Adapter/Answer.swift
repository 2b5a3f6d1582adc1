import Glibc
import Kernels

/// An adapter's answer for one text.
public struct Answer: Sendable, Equatable {
    /// The probability of each label, in the adapter's order. They add up to 1 unless the task is multi-label.
    public var scores: [Double]
    /// The index of the label with the highest score.
    public var best: Int
    /// The indices of all labels that hold; `best` alone unless the task is multi-label.
    public var chosen: [Int]

    /// The highest score.
    public var score: Double { scores[best] }
}
