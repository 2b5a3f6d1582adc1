import BERT
import Synchronization

/// Makes the reference of an adapter: the centres from rows that it was trained on, the profile and the usual distances
/// from texts that it was not trained on.
public struct ReferenceMeasurement: Sendable {
    /// Rows per set at most: a profile of more would say hardly more, and takes time.
    public static let maximumTexts = 2_000
    /// A profile of fewer texts of the stream than a window has says less than one of held-out rows.
    public static let minimumStoredTexts = DriftDetector.windowBlocks * DriftDetector.blockTexts

    private let inference: ParallelInference
    private let unknownToken: Int32

    /// - Parameters:
    ///   - workers: the number of threads.
    ///   - unknownToken: the id of `[UNK]`.
    public init(base: BERTBase, workers: Int, unknownToken: Int32) {
        inference = ParallelInference(base: base, workers: workers)
        self.unknownToken = unknownToken
    }

    /// The reference; nil where there are too few texts for one.
    ///
    /// Held-out rows may have other shares of labels than the stream, so the profile is made of stored texts if there
    /// are enough. Usual distances come from held-out rows if there are enough: a person has seen that these belong to
    /// a label, while stored texts may be strange.
    ///
    /// - Parameters:
    ///   - training: rows that it was trained on.
    ///   - heldOut: rows that it was not trained on.
    ///   - stored: texts of the stream that it was not trained on; nil: none.
    public func reference(
        of adapter: Adapter, training: Texts, heldOut: Texts, stored: Texts? = nil
    ) -> DriftReference? {
        let rows = heldOut.count >= DriftReference.minimumTexts ? heldOut : nil
        let stream = stored.flatMap { $0.count >= Self.minimumStoredTexts ? $0 : nil }
        guard rows != nil || stream != nil, training.count > 0,
            let centres = centres(of: adapter, training.sample(Self.maximumTexts))
        else { return nil }
        func observed(_ texts: Texts) -> [TextObservation] {
            observations(of: adapter, texts.sample(Self.maximumTexts), centres: centres)
        }
        let (ofRows, ofStream) = (rows.map(observed), stream.map(observed))
        var profile = TextProfile(labels: adapter.labels.count)
        for text in ofStream ?? ofRows ?? [] { profile.add(text) }
        let distances = (ofRows ?? ofStream ?? []).compactMap(\.nearest)
        return DriftReference(
            adapterDigest: adapter.digest, source: stream == nil ? .heldOut : .stored, profile: profile,
            centres: centres, spread: DistanceSpread(distances, labels: adapter.labels.count))
    }

    /// As many rows as a measurement uses, spread evenly.
    public static func sample<Row>(_ rows: [Row]) -> [Row] {
        guard rows.count > maximumTexts else { return rows }
        return (0..<maximumTexts).map { rows[$0 * rows.count / maximumTexts] }
    }

    /// Texts as sequences.
    public struct Texts: Sendable {
        /// The number of texts.
        public let count: Int
        private let pool: LongTexts.Pool
        private let encoded: @Sendable (Int) -> EncodedText

        private init(count: Int, pool: LongTexts.Pool, encoded: @escaping @Sendable (Int) -> EncodedText) {
            (self.count, self.pool, self.encoded) = (count, pool, encoded)
        }

        /// Texts that are cut or read in windows.
        public init(_ texts: [String], encoder: TextEncoder) {
            self.init(count: texts.count, pool: encoder.pool) { encoder.encode(texts[$0]) }
        }

        /// Texts of one sequence each.
        ///
        /// - Parameter tokens: the tokens of one.
        public init(count: Int, tokens: @escaping @Sendable (Int) -> [Int32]) {
            self.init(count: count, pool: .mean) { EncodedText(tokens($0)) }
        }

        /// At most so many of them, spread evenly, because rows may be sorted by label or time.
        func sample(_ maximum: Int) -> Texts {
            guard count > maximum else { return self }
            return Texts(count: maximum, pool: pool) { [self] in encoded($0 * count / maximum) }
        }

        fileprivate func answers(
            of adapter: Adapter, _ inference: ParallelInference,
            _ body: @Sendable (ParallelInference.TextAnswer) -> Void
        ) {
            inference.forEachText(count: count, adapters: [adapter], pool: pool, text: encoded, body)
        }
    }

    /// The centres of the labels that the adapter gives these texts; nil without texts.
    public func centres(of adapter: Adapter, _ texts: Texts) -> ReferenceCentres? {
        let sums = Mutex<ReferenceCentres.Sums?>(nil)
        texts.answers(of: adapter, inference) { text in
            let best = adapter.answer(text.pooled.logits).best
            sums.withLock { sums in
                var current =
                    sums ?? ReferenceCentres.Sums(labels: adapter.labels.count, hidden: text.vector.count)
                sums = nil
                text.vector.withUnsafeBufferPointer { current.add($0, label: best) }
                sums = current
            }
        }
        return sums.withLock { $0?.centres }
    }

    /// What is known of each text, in order.
    public func observations(of adapter: Adapter, _ texts: Texts, centres: ReferenceCentres) -> [TextObservation] {
        let found = Mutex([TextObservation?](repeating: nil, count: texts.count))
        let unknownToken = unknownToken
        texts.answers(of: adapter, inference) { text in
            let answer = adapter.answer(text.pooled.logits)
            let tokens = text.encoded.windows.map(\.tokens).joined()
            let distances = text.vector.withUnsafeBufferPointer {
                TextDistances($0, label: answer.best, centres: centres, spread: nil)
            }
            let observation = TextObservation(
                answer, of: adapter, tokens: tokens.count, unknownTokens: tokens.count { $0 == unknownToken },
                distances: distances, abstained: nil)
            found.withLock { $0[text.text] = observation }
        }
        return found.withLock { $0.compactMap(\.self) }
    }

    /// The distance of each text from the nearest centre of a reference, where 1 is usual; nil where it is unknown.
    public func relativeDistances(of adapter: Adapter, _ texts: Texts, reference: DriftReference) -> [Double?] {
        let found = Mutex([Double?](repeating: nil, count: texts.count))
        texts.answers(of: adapter, inference) { text in
            let distance = text.vector.withUnsafeBufferPointer(reference.relativeDistance)
            found.withLock { $0[text.text] = distance }
        }
        return found.withLock { $0 }
    }
}
