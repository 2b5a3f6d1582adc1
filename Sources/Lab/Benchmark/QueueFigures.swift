import Training

/// How many of the rows that random order needs each strategy needs for the same accuracy.
struct QueueFigures {
    /// Shares of the rows of random order at which its accuracy is the one to reach.
    static let shares = [0.5, 0.75, 1]

    /// The accuracies to reach: those of random order, as the mean over the seeds.
    let goals: [Double]
    private let random: QueueBenchmark.Curve?

    init(_ curves: [QueueBenchmark.Curve]) {
        random = curves.first { $0.strategy == .random }
        goals = random.map { Self.goals($0.curve) } ?? []
    }

    /// Per goal, a strategy's rows divided by those of random order; nil where it never gets there.
    func ratios(_ curve: QueueBenchmark.Curve) -> [Double?] {
        random.map { Self.ratios(curve.curve, $0.curve) } ?? []
    }

    /// The same for each seed, against random order with that seed.
    func ratiosPerSeed(_ curve: QueueBenchmark.Curve) -> [[Double?]] {
        zip(curve.runs, random?.runs ?? []).map(Self.ratios)
    }

    private static func goals(_ random: LearningCurve) -> [Double] {
        let last = Double(random.points.last?.rows ?? 0)
        return shares.compactMap { random.accuracy(atMost: $0 * last) }
    }

    private static func ratios(_ curve: LearningCurve, _ random: LearningCurve) -> [Double?] {
        goals(random).map { goal in
            guard let own = curve.rows(for: goal), let other = random.rows(for: goal), other > 0 else { return nil }
            return own / other
        }
    }
}
