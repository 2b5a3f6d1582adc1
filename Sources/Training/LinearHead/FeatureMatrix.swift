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

/// Moves and scales vectors by the mean and the mean squared length of others.
public struct Standardization: Sendable {
    private let mean: [Float]
    private let scale: Float

    /// Measures the vectors.
    public init(_ features: FeatureMatrix) {
        let columns = features.columns
        var sums = [Double](repeating: 0, count: columns)
        var squares = 0.0
        for row in 0..<features.rows {
            for (column, value) in features[row].enumerated() {
                sums[column] += Double(value)
                squares += Double(value) * Double(value)
            }
        }
        let count = Double(max(features.rows, 1))
        let means = sums.map { $0 / count }
        let spread = squares / count - means.reduce(0) { $0 + $1 * $1 }
        mean = means.map(Float.init)
        scale = spread > 1e-12 ? Float(1 / spread.squareRoot()) : 1
    }

    /// The vectors, moved and scaled. They have as many columns as those that were measured.
    public func applied(to features: FeatureMatrix) -> FeatureMatrix {
        var values = features.values
        for row in 0..<features.rows {
            for column in 0..<min(mean.count, features.columns) {
                let place = row * features.columns + column
                values[place] = (values[place] - mean[column]) * scale
            }
        }
        return FeatureMatrix(columns: features.columns, values: values)
    }
}
