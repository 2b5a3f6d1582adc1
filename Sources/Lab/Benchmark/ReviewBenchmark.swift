import BERT
import JSON
import Kernels
import Training

/// Measures how well wrong labels are found: gives some rows another label, and counts how many of the first suspects
/// are among them.
///
/// Labels of the file that are wrong already count as mistakes of the review, so the true precision is higher.
public struct ReviewBenchmark {
    /// Suspects that are counted.
    private static let counts = [50, 100, 200, 500]

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

    /// Flips labels, reviews the rows and compares. Each row has one label.
    ///
    /// - Parameter progress: gets the number of texts whose features are computed.
    public func run(_ rows: [LabelledText], progress: @Sendable (Int) -> Void) -> JSONValue {
        let (flipped, changed) = flippedRows(rows)
        let start = ContinuousClock.now
        let features = encoder.features(flipped.map(\.text), progress: progress)
        let encoded = ContinuousClock.now
        let review = LabelReview(rows: flipped, isMultiLabel: false, features: features, workers: workers)
        let end = ContinuousClock.now
        let found = review.suspects.map { changed.contains($0.row) }
        let corrected = review.suspects.map {
            changed.contains($0.row) && review.corrected(flipped[$0.row], by: $0) == rows[$0.row].labels
        }
        func share(_ hits: [Bool], _ count: Int) -> JSONValue {
            hits.count >= count ? .rounded(Double(hits.prefix(count).count { $0 }) / Double(count), 4) : .null
        }
        return .object([
            ("name", .string("review")), ("rows", .integer(rows.count)), ("labels", .integer(review.labels.count)),
            ("flipped", .integer(changed.count)), ("suspects", .integer(found.count)),
            ("precision", .object(Self.counts.map { ("\($0)", share(found, $0)) })),
            ("corrected", .object(Self.counts.map { ("\($0)", share(corrected, $0)) })),
            ("recall", .rounded(Double(found.count { $0 }) / Double(max(changed.count, 1)), 4)),
            ("feature_seconds", .rounded((encoded - start) / .seconds(1), 2)),
            ("review_seconds", .rounded((end - encoded) / .seconds(1), 2)),
            ("seed", .integer(Int(clamping: seed))), ("workers", .integer(workers)),
        ])
    }

    private func flippedRows(_ rows: [LabelledText]) -> (rows: [LabelledText], changed: Set<Int>) {
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
