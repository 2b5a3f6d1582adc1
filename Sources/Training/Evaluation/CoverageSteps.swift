import BERT

/// Precision and coverage at every score that occurs.
public struct CoverageSteps: Sendable {
    /// Fewer texts than this say nothing about a precision.
    static let minimumRows = 10
    private static let shownPoints = 200

    /// From the highest threshold to the lowest.
    private let steps: [CoverageCurve.Point]
    private let rows: Int

    /// - Parameters:
    ///   - given: the labelled rows.
    ///   - predictions: one per row.
    public init(rows given: [LabelledText], predictions: [Prediction]) {
        let count = min(given.count, predictions.count)
        let order = (0..<count).sorted { predictions[$0].score > predictions[$1].score }
        var steps: [CoverageCurve.Point] = []
        var (named, right) = (0, 0)
        for (place, row) in order.enumerated() {
            let labels = predictions[row].labels
            named += labels.count
            right += labels.count { given[row].labels.contains($0) }
            let score = predictions[row].score
            // Texts with the same score are covered together.
            if place + 1 < count, predictions[order[place + 1]].score == score { continue }
            steps.append(
                CoverageCurve.Point(
                    threshold: score, coverage: Double(place + 1) / Double(count),
                    precision: named == 0 ? 1 : Double(right) / Double(named)
                ))
        }
        self.steps = steps
        rows = count
    }

    /// At most 200 of the steps, evenly spaced, for people to look at.
    public var curve: CoverageCurve {
        let stride = max(1, (steps.count + Self.shownPoints - 1) / Self.shownPoints)
        let kept = steps.indices.filter { ($0 + 1) % stride == 0 || $0 == steps.count - 1 || $0 == 0 }
        return CoverageCurve(points: kept.reversed().map { steps[$0] }, rows: rows)
    }

    /// The lowest threshold with at least this precision; nil if none covers enough texts.
    public func point(precision: Double) -> AbstentionThreshold? {
        let enough = Double(Self.minimumRows) / Double(max(rows, 1))
        return steps.last { $0.precision >= precision && $0.coverage >= enough - 1e-12 }
            .map {
                AbstentionThreshold(precision: $0.precision, threshold: min($0.threshold, 1), coverage: $0.coverage)
            }
    }

    /// Thresholds for whole hundredths and for some other precisions, in ascending order, each once.
    func points(precisions: [Double]) -> [AbstentionThreshold] {
        let required = Set((50...100).map { Double($0) / 100 } + [0.995, 0.999] + precisions).sorted()
        var points: [AbstentionThreshold] = []
        for point in required.compactMap({ point(precision: $0) }) where point != points.last { points.append(point) }
        return points
    }
}
