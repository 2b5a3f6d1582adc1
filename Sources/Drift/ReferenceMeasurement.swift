import BERT
import Synchronization

/// Makes the reference of an adapter from rows: the centres from those that it was trained on, the profile from those
/// that it was not.
public struct ReferenceMeasurement: Sendable {
    /// Rows per set at most; a profile of more would say the same.
    public static let maximumTexts = 5_000

    private let inference: ParallelInference
    private let unknownToken: Int32

    /// - Parameters:
    ///   - workers: the number of threads.
    ///   - unknownToken: the id of `[UNK]`.
    public init(base: BERTBase, workers: Int, unknownToken: Int32) {
        inference = ParallelInference(base: base, workers: workers)
        self.unknownToken = unknownToken
    }

    /// The reference; nil where there are too few held-out rows for one.
    ///
    /// - Parameters:
    ///   - training: how many rows it was trained on, and the tokens of one.
    ///   - heldOut: likewise, for rows that it was not trained on.
    public func reference(
        of adapter: Adapter, training: (count: Int, tokens: @Sendable (Int) -> [Int32]),
        heldOut: (count: Int, tokens: @Sendable (Int) -> [Int32])
    ) -> DriftReference? {
        guard heldOut.count >= DriftReference.minimumTexts, training.count > 0 else { return nil }
        let sums = Mutex<LabelCentres.Sums?>(nil)
        forEach(of: training, adapter) { _, logits, vector in
            sums.withLock { sums in
                var current = sums ?? LabelCentres.Sums(labels: adapter.labels.count, hidden: vector.count)
                sums = nil
                current.add(vector, label: adapter.answer(logits).best)
                sums = current
            }
        }
        guard let centres = sums.withLock({ $0?.centres }) else { return nil }
        let profile = Mutex(TextProfile(labels: adapter.labels.count))
        forEach(of: heldOut, adapter) { tokens, logits, vector in
            let answer = adapter.answer(logits)
            let text = TextObservation(
                answer, of: adapter, tokens: tokens.count, unknownTokens: tokens.count { $0 == unknownToken },
                distance: centres.distance(vector, label: answer.best), abstained: nil)
            profile.withLock { $0.add(text) }
        }
        return DriftReference(
            adapterDigest: adapter.digest, source: .heldOut, profile: profile.withLock { $0 }, centres: centres)
    }

    private func forEach(
        of rows: (count: Int, tokens: @Sendable (Int) -> [Int32]), _ adapter: Adapter,
        _ body: @escaping @Sendable ([Int32], [Float], UnsafeBufferPointer<Float>) -> Void
    ) {
        let count = min(rows.count, Self.maximumTexts)
        // Spread evenly, because rows may be sorted by label or time.
        let row: @Sendable (Int) -> Int = { $0 * rows.count / count }
        inference.forEachVector(count: count, adapter: adapter, sequence: { rows.tokens(row($0)) }, body)
    }
}

extension TextObservation {
    /// What an adapter's answer for a text says.
    public init(
        _ answer: Answer, of adapter: Adapter, tokens: Int, unknownTokens: Int, distance: Float?, abstained: Bool?
    ) {
        self.init(
            label: answer.best, confidence: answer.score, abstained: abstained, tokens: tokens,
            unknownTokens: unknownTokens, distance: distance,
            expectedAccuracy: adapter.manifest.isMultiLabel ? Self.expectedAccuracy(answer) : answer.score)
    }

    private static func expectedAccuracy(_ answer: Answer) -> Double {
        let chosen = Set(answer.chosen)
        let sum = answer.scores.enumerated().reduce(0.0) { sum, score in
            sum + (chosen.contains(score.offset) ? score.element : 1 - score.element)
        }
        return sum / Double(max(answer.scores.count, 1))
    }
}
