import BERT

/// `lorikeet classify`: labels texts with adapters of folders, without a daemon.
public struct TextClassifier: Sendable {
    /// The adapters, in the order of their folders.
    public let adapters: [NamedAdapter]
    private let loaded: LoadedBase
    private let inference: ParallelInference
    private let maxTokens: Int

    /// - Parameters:
    ///   - base: folder of the base.
    ///   - adapters: folders of the adapters.
    ///   - labels: names for the labels of a single adapter whose folder names none.
    ///   - maxTokens: texts are cut to this many tokens; nil: the usual limit.
    public init(base: String, adapters: [String], labels: LabelNames, maxTokens: Int?, workers: Int) throws {
        loaded = try LoadedBase(directory: base)
        self.maxTokens = try TokenLimit.checked(maxTokens, over: loaded.base)
        self.adapters = try AdapterFolder.load(adapters, base: loaded.base, naming: labels)
        inference = ParallelInference(base: loaded.base, workers: workers)
    }

    /// The logits of each text: one array per adapter, one number per label.
    public func logits(_ texts: [String]) -> [[[Float]]] {
        let everyAdapter = Array(adapters.indices)
        let (tokenizer, maxTokens) = (loaded.tokenizer, maxTokens)
        return inference.logits(
            count: texts.count, adapters: adapters.map(\.adapter), assignments: { _ in everyAdapter },
            sequence: { tokenizer.encode(texts[$0], maxTokens: maxTokens) })
    }
}
