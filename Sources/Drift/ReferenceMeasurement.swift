import BERT
import Synchronization

/// Makes the reference of an adapter from rows: the centres from those that it was trained on, the profile from those
/// that it was not.
public struct ReferenceMeasurement: Sendable {
    /// Rows per set at most: a profile of more would say hardly more, and takes time.
    public static let maximumTexts = 2_000

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
    public func reference(of adapter: Adapter, training: Texts, heldOut: Texts) -> DriftReference? {
        guard heldOut.count >= DriftReference.minimumTexts, training.count > 0 else { return nil }
        guard let centres = centres(of: adapter, training.sample(Self.maximumTexts)) else { return nil }
        var profile = TextProfile(labels: adapter.labels.count)
        let texts = observations(of: adapter, heldOut.sample(Self.maximumTexts), centres: centres)
        for text in texts { profile.add(text) }
        return DriftReference(
            adapterDigest: adapter.digest, source: .heldOut, profile: profile, centres: centres,
            spread: DistanceSpread(texts.compactMap(\.nearest), labels: adapter.labels.count))
    }

    /// As many rows as a measurement uses, spread evenly.
    public static func sample<Row>(_ rows: [Row]) -> [Row] {
        guard rows.count > maximumTexts else { return rows }
        return (0..<maximumTexts).map { rows[$0 * rows.count / maximumTexts] }
    }

    /// Texts as tokens.
    public struct Texts: Sendable {
        /// The number of texts.
        public let count: Int
        /// The tokens of one.
        public let tokens: @Sendable (Int) -> [Int32]

        /// - Parameters: as the properties.
        public init(count: Int, tokens: @escaping @Sendable (Int) -> [Int32]) {
            (self.count, self.tokens) = (count, tokens)
        }

        /// At most so many of them, spread evenly, because rows may be sorted by label or time.
        func sample(_ maximum: Int) -> Texts {
            guard count > maximum else { return self }
            return Texts(count: maximum) { [self] in tokens($0 * count / maximum) }
        }
    }

    /// The centres of the labels that the adapter gives these texts; nil without texts.
    public func centres(of adapter: Adapter, _ texts: Texts) -> ReferenceCentres? {
        let sums = Mutex<ReferenceCentres.Sums?>(nil)
        inference.forEachVector(count: texts.count, adapter: adapter, sequence: texts.tokens) { _, _, logits, vector in
            let best = adapter.answer(logits).best
            sums.withLock { sums in
                var current = sums ?? ReferenceCentres.Sums(labels: adapter.labels.count, hidden: vector.count)
                sums = nil
                current.add(vector, label: best)
                sums = current
            }
        }
        return sums.withLock { $0?.centres }
    }

    /// What is known of each text, in order.
    public func observations(of adapter: Adapter, _ texts: Texts, centres: ReferenceCentres) -> [TextObservation] {
        let found = Mutex([TextObservation?](repeating: nil, count: texts.count))
        let unknownToken = unknownToken
        inference.forEachVector(count: texts.count, adapter: adapter, sequence: texts.tokens) {
            index, tokens, logits, vector in
            let answer = adapter.answer(logits)
            let text = TextObservation(
                answer, of: adapter, tokens: tokens.count, unknownTokens: tokens.count { $0 == unknownToken },
                distances: TextDistances(vector, label: answer.best, centres: centres, spread: nil), abstained: nil)
            found.withLock { $0[index] = text }
        }
        return found.withLock { $0.compactMap(\.self) }
    }

    /// The distance of each text from the nearest centre of a reference, where 1 is usual; nil where it is unknown.
    public func relativeDistances(of adapter: Adapter, _ texts: Texts, reference: DriftReference) -> [Double?] {
        let found = Mutex([Double?](repeating: nil, count: texts.count))
        inference.forEachVector(count: texts.count, adapter: adapter, sequence: texts.tokens) { index, _, _, vector in
            let distance = reference.relativeDistance(vector)
            found.withLock { $0[index] = distance }
        }
        return found.withLock { $0 }
    }
}
