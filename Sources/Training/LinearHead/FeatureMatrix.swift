/// One vector per text: the frozen base's view of it, or the probabilities of its labels.
public struct FeatureMatrix: Sendable, Equatable {
    /// Number of texts.
    public let rows: Int
    /// Numbers per text.
    public let columns: Int
    /// [rows, columns]
    public private(set) var values: [Float]

    /// - Parameter values: [rows, columns]; a last row that is not complete is left out.
    public init(columns: Int, values: [Float]) {
        self.columns = max(columns, 1)
        rows = values.count / self.columns
        self.values = Array(values.prefix(rows * self.columns))
    }

    /// The vector of a text.
    public subscript(row: Int) -> ArraySlice<Float> { values[row * columns..<(row + 1) * columns] }

    /// The vectors of some texts, in that order.
    public func selecting(_ chosen: [Int]) -> FeatureMatrix {
        var selected: [Float] = []
        selected.reserveCapacity(chosen.count * columns)
        for row in chosen { selected += self[row] }
        return FeatureMatrix(columns: columns, values: selected)
    }

    /// The vectors moved and scaled so that their mean is zero and their mean squared length is one. The penalty of a
    /// `LinearHead` then means the same over every base.
    public func standardized() -> FeatureMatrix { Standardization(self).applied(to: self) }
}
