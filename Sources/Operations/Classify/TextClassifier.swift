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
    }

    /// The adapters, in the order of their folders.
    public let adapters: [NamedAdapter]
    private let references: [DriftReference?]
    private let noneOfThese: NoneOfThese?
    private let loaded: LoadedBase
    private let inference: ParallelInference
    private let maxTokens: Int

    /// - Parameters:
    ///   - base: folder of the base.
    ///   - adapters: folders of the adapters.
    ///   - labels: names for the labels of a single adapter whose folder names none.
    ///   - noneOfThese: from which distance on a text gets no label; nil: it always gets one.
    ///   - maxTokens: texts are cut to this many tokens; nil: the usual limit.
    /// - Throws: also where an adapter's folder cannot say which text is none of these.
    public init(
        base: BaseFolder, adapters folders: [String], labels: LabelNames, noneOfThese: NoneOfThese? = nil,
        maxTokens: Int?,
        workers: Int
    ) throws {
        loaded = try LoadedBase(base)
        self.maxTokens = try TokenLimit.checked(maxTokens, over: loaded.base)
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
        let (tokenizer, maxTokens) = (loaded.tokenizer, maxTokens)
        let none = [Result](repeating: Result(), count: adapters.count)
        let results = Mutex([[Result]](repeating: none, count: texts.count))
        inference.forEachVector(
            count: texts.count, adapters: adapters.map(\.adapter),
            sequence: { tokenizer.encode(texts[$0], maxTokens: maxTokens) }
        ) { text, adapter, _, logits, vector in
            let result = result(adapter, logits, vector)
            results.withLock { $0[text][adapter] = result }
        }
        return results.withLock { $0 }
    }

    private func result(_ adapter: Int, _ logits: [Float], _ vector: UnsafeBufferPointer<Float>) -> Result {
        guard let reference = references[adapter] else { return Result(logits: logits) }
        let distance = reference.relativeDistance(vector)
        return Result(
            logits: logits, distance: distance,
            isNoneOfThese: noneOfThese?.holds(distance: distance, reference.spread) ?? false)
    }
}
