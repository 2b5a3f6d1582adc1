import BERT

/// Precision against coverage: what is given up, and what is gained, by abstaining below a threshold.
public struct CoverageCurve: Sendable, Codable, Equatable {
    public struct Point: Sendable, Codable, Equatable {
        /// Texts whose score is at least this get their label.
        public var threshold: Double
        /// Share of texts that they are.
        public var coverage: Double
        /// Share of their labels that is right; 1 where there is none.
        public var precision: Double
    }

    /// From the lowest threshold, which covers all, to the highest.
    public var points: [Point]
    /// Texts it was measured on.
    public var rows: Int
}

/// What abstaining below each score that occurs would give.
public struct CoverageSteps: Sendable {
    /// Fewer texts than this say nothing of a precision.
    static let minimumRows = 10
    private static let shownPoints = 200

    /// From the highest threshold to the lowest.
    private let steps: [CoverageCurve.Point]
    private let rows: Int

    /// - Parameter predictions: as many as rows.
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
            // Texts of one score are covered together.
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

    /// The steps for people to look at, thinned out evenly.
    public var curve: CoverageCurve {
        let stride = max(1, (steps.count + Self.shownPoints - 1) / Self.shownPoints)
        let kept = steps.indices.filter { ($0 + 1) % stride == 0 || $0 == steps.count - 1 || $0 == 0 }
        return CoverageCurve(points: kept.reversed().map { steps[$0] }, rows: rows)
    }

    /// The lowest threshold whose labels were of this precision; nil where none that covers enough texts was.
    public func point(precision: Double) -> AbstentionThreshold? {
        let enough = Double(Self.minimumRows) / Double(max(rows, 1))
        return steps.last { $0.precision >= precision && $0.coverage >= enough - 1e-12 }
            .map {
                AbstentionThreshold(precision: $0.precision, threshold: min($0.threshold, 1), coverage: $0.coverage)
            }
    }

    /// Points for whole hundredths and for other precisions that are wanted, by rising precision, each once.
    func points(precisions: [Double]) -> [AbstentionThreshold] {
        let wanted = Set((50...100).map { Double($0) / 100 } + [0.995, 0.999] + precisions).sorted()
        var points: [AbstentionThreshold] = []
        for point in wanted.compactMap({ point(precision: $0) }) where point != points.last { points.append(point) }
        return points
    }
}

extension CoverageCurve {
    /// What an adapter said of rows against their labels.
    public init(rows: [LabelledText], predictions: [Prediction]) {
        self = CoverageSteps(rows: rows, predictions: predictions).curve
    }
}

extension AbstentionThreshold {
    /// The lowest threshold whose labels were of this precision on these rows; nil where none that covers ten of them was.
    public init?(precision: Double, rows: [LabelledText], predictions: [Prediction]) {
        guard let point = CoverageSteps(rows: rows, predictions: predictions).point(precision: precision) else {
            return nil
        }
        self = point
    }
}
