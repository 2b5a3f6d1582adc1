import BERT
import Drift
import Serving
import Synchronization

/// `lorikeet classify`: labels texts with adapters of folders, without a daemon.
public struct TextClassifier: Sendable {
    /// What one adapter says of one text.
    public struct Result: Sendable, Equatable {
        /// One number per label.
        public var logits: [Float] = []
        /// The distance from the nearest centre of a label, where 1 is usual; nil if the folder has no drift reference
        /// that says so.
        public var distance: Double?
        /// Whether the text gets no label for its distance.
        public var isNoneOfThese = false
        /// How a long text was read in windows; nil for other texts.
        public var longText: LongTextReading?
    }

    /// The adapters, in the order of their folders.
    public let adapters: [NamedAdapter]
    private let references: [DriftReference?]
    private let noneOfThese: NoneOfThese?
    private let loaded: LoadedBase
    private let inference: ParallelInference
    private let maxTokens: Int
    private let longTexts: LongTextsChoice

    /// - Parameters:
    ///   - base: folder of the base.
    ///   - adapters: folders of the adapters.
    ///   - labels: names for the labels of a single adapter whose folder names none.
    ///   - noneOfThese: from which distance on a text gets no label; nil: it always gets one.
    ///   - maxTokens: texts are cut to this many tokens; nil: the usual limit.
    ///   - longTexts: how texts are read that are longer than a window.
    /// - Throws: also where an adapter's folder cannot say which text is none of these.
    public init(
        base: BaseFolder, adapters folders: [String], labels: LabelNames, noneOfThese: NoneOfThese? = nil,
        maxTokens: Int?, longTexts: LongTextsChoice = .asTrained, workers: Int
    ) throws {
        loaded = try LoadedBase(base)
        self.maxTokens = try TokenLimit.checked(maxTokens, over: loaded.base)
        self.longTexts = try longTexts.checked(over: loaded.base)
        adapters = try AdapterFolder.load(folders, base: loaded.base, naming: labels)
        references = try zip(folders, adapters).map { folder, named in
            let reference = try DriftReferenceFile.read(folder, of: named.adapter)
            if let doubt = noneOfThese?.doubt(reference?.spread) {
                throw CommandFailure(.failed, "\(folder): \(doubt)")
            }
            return reference
        }
        self.noneOfThese = noneOfThese
        inference = ParallelInference(base: loaded.base, workers: workers)
    }

    /// What the adapters say of each text: one result per adapter.
    public func results(_ texts: [String]) -> [[Result]] {
        let none = [Result](repeating: Result(), count: adapters.count)
        let results = Mutex([[Result]](repeating: none, count: texts.count))
        // Adapters that read texts alike share what they compute.
        let readers = Dictionary(grouping: adapters.indices) {
            longTexts.longTexts(for: adapters[$0].adapter.manifest)
        }
        for (longTexts, places) in readers {
            let encoder = TextEncoder(tokenizer: loaded.tokenizer, maxTokens: maxTokens, longTexts: longTexts)
            inference.forEachText(
                count: texts.count, adapters: places.map { adapters[$0].adapter }, pool: encoder.pool,
                text: { encoder.encode(texts[$0]) }
            ) { answer in
                let place = places[answer.adapter]
                let result = result(place, answer)
                results.withLock { $0[answer.text][place] = result }
            }
        }
        return results.withLock { $0 }
    }

    private func result(_ adapter: Int, _ answer: ParallelInference.TextAnswer) -> Result {
        var result = Result(logits: answer.pooled.logits)
        if let tokens = answer.encoded.longTextTokens,
            let evidence = answer.encoded.windows[answer.pooled.loudest].characters
        {
            result.longText = LongTextReading(
                windows: answer.encoded.windows.count, tokens: tokens, evidence: evidence)
        }
        guard let reference = references[adapter] else { return result }
        result.distance = answer.vector.withUnsafeBufferPointer(reference.relativeDistance)
        result.isNoneOfThese = noneOfThese?.holds(distance: result.distance, reference.spread) ?? false
        return result
    }
}
