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
