import BERT
import Kernels
import Threading
import Training

/// Measures how well wrong labels are found: gives some rows another label, and counts how many of the first suspects
/// are among them.
///
/// Labels of the file that are wrong already count as mistakes of the review, so the true precision is higher.
public struct ReviewBenchmark {
    private let encoder: FeatureEncoder
    private let flip: Double
    private let seed: UInt64
    private let workers: Int

    /// - Parameters:
    ///   - flip: the share of rows that get another label, at random.
    ///   - workers: threads.
    public init(encoder: FeatureEncoder, flip: Double, seed: UInt64, workers: Int) {
        (self.encoder, self.flip, self.seed, self.workers) = (encoder, flip, seed, workers)
    }

    /// Computes the features of the rows once, then flips labels, reviews the rows and compares. Each row has one
    /// label.
    ///
    /// - Parameters:
    ///   - runs: how often, each with the next seed.
    ///   - progress: gets the number of texts whose features are computed.
    public func run(_ rows: [LabelledText], runs: Int, progress: @Sendable (Int) -> Void) -> [ReviewFigures] {
        let start = ContinuousClock.now
        let features = encoder.features(rows.map(\.text), progress: progress)
        let seconds = (ContinuousClock.now - start).inSeconds
        return (0..<UInt64(max(runs, 1))).map { run in
            var figures = review(rows, features, seed: seed &+ run)
            figures.featureSeconds = seconds
            return figures
        }
    }

    private func review(_ rows: [LabelledText], _ features: FeatureMatrix, seed: UInt64) -> ReviewFigures {
        let (flipped, changed) = flippedRows(rows, seed: seed)
        let start = ContinuousClock.now
        let review = LabelReview(rows: flipped, isMultiLabel: false, features: features, workers: workers)
        var figures = ReviewFigures(seed: seed, rows: rows.count, labels: review.labels.count, workers: workers)
        figures.reviewSeconds = (ContinuousClock.now - start).inSeconds
        figures.flipped = changed.count
        figures.found = review.suspects.map { changed.contains($0.row) }
        figures.corrected = review.suspects.map {
            changed.contains($0.row) && review.corrected(flipped[$0.row], by: $0) == rows[$0.row].labels
        }
        return figures
    }

    private func flippedRows(
        _ rows: [LabelledText], seed: UInt64
    ) -> (rows: [LabelledText], changed: Set<Int>) {
        let labels = Set(rows.map(\.label)).sorted()
        var random = SplitMix64(seed: seed)
        let count = Int((Double(rows.count) * flip).rounded())
        let changed = Set(rows.indices.shuffled(using: &random).prefix(labels.count > 1 ? count : 0))
        var flipped = rows
        for row in changed.sorted() {
            let others = labels.filter { $0 != rows[row].label }
            flipped[row].label = others[random.below(others.count)]
        }
        return (flipped, changed)
    }
}
