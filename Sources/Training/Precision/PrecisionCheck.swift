import BERT
import WordPiece

/// What a base in another type than float32 costs some adapters: each on its own texts, over both bases.
///
/// It blocks the calling thread, and keeps what the adapters predict over float32.
public struct PrecisionCheck: Sendable {
    /// An adapter with the texts that judge.
    public struct Subject: Sendable {
        /// Its task, for a person.
        public var task: String
        /// The adapter, over the base in any type.
        public var adapter: Adapter
        /// The texts.
        public var texts: [String]
        /// The labels of each text; nil if they are unknown. Then only the change of labels counts.
        public var labels: [[String]]?
        /// What became of labels that the adapter has and the rows have no longer.
        public var mapping: LabelMapping

        /// An adapter with labelled rows.
        public init(task: String, adapter: Adapter, rows: [LabelledText], mapping: LabelMapping = LabelMapping()) {
            (self.task, self.adapter, self.mapping) = (task, adapter, mapping)
            (texts, labels) = (rows.map(\.text), rows.map(\.labels))
        }

        /// An adapter with texts whose labels are unknown.
        public init(task: String, adapter: Adapter, texts: [String]) {
            (self.task, self.adapter, self.texts) = (task, adapter, texts)
            (labels, mapping) = (nil, LabelMapping())
        }
    }

    /// What is checked. A subject has at most as many texts as the limits allow.
    public let subjects: [Subject]
    /// The base in float32.
    public let float32: BERTBase
    /// What may be lost.
    public let limits: PrecisionLimits
    private let tokenizer: WordPieceTokenizer
    private let workers: Int?
    private let maxTokens: Int
    /// Of each subject.
    private let predictions: [[Prediction]]

    /// Predicts over the base in float32.
    ///
    /// - Parameters:
    ///   - float32: the base of all adapters, in float32.
    ///   - workers: threads; nil: one per core.
    ///   - maxTokens: texts are cut to this many tokens.
    public init(
        float32: BERTBase, tokenizer: WordPieceTokenizer, subjects: [Subject],
        limits: PrecisionLimits = PrecisionLimits(), workers: Int? = nil,
        maxTokens: Int = BERTConfiguration.standardMaxTokens
    ) throws(AdapterError) {
        (self.float32, self.tokenizer, self.limits) = (float32, tokenizer, limits)
        (self.workers, self.maxTokens) = (workers, maxTokens)
        let kept = subjects.map { $0.sample(atMost: limits.maximumTexts) }
        self.subjects = kept
        let evaluator = Evaluator(base: float32, tokenizer: tokenizer, workers: workers, maxTokens: maxTokens)
        var predictions: [[Prediction]] = []
        for subject in kept {
            predictions.append(
                evaluator.predictions(texts: subject.texts, adapter: try subject.adapter.over(float32)))
        }
        self.predictions = predictions
    }

    /// What this base costs each subject.
    ///
    /// - Parameter base: the base of all adapters, in another type.
    public func figures(_ base: BERTBase) throws(AdapterError) -> [PrecisionFigures] {
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workers, maxTokens: maxTokens)
        var figures: [PrecisionFigures] = []
        for (subject, before) in zip(subjects, predictions) {
            let adapter = try subject.adapter.over(base)
            let after = evaluator.predictions(texts: subject.texts, adapter: adapter)
            func labels(_ predictions: [Prediction]) -> [[String]] {
                predictions.mapped(by: subject.mapping, adapter: adapter).map(\.labels)
            }
            figures.append(
                PrecisionFigures(
                    truth: subject.labels, float32: labels(before), reduced: labels(after), limits: limits))
        }
        return figures
    }

    /// How far the logits over this base are from those over float32, relative to their size: the largest of all
    /// subjects, on some of their texts.
    func logitError(_ base: BERTBase) throws(AdapterError) -> Double {
        let evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workers, maxTokens: maxTokens)
        var largest = 0.0
        for (subject, before) in zip(subjects, predictions) {
            let places = EvenSample(of: subject.texts.count, atMost: limits.layerTexts).places
            let after = evaluator.predictions(
                texts: places.map { subject.texts[$0] }, adapter: try subject.adapter.over(base))
            var (difference, size) = (0.0, 0.0)
            for (place, after) in zip(places, after) {
                for (x, y) in zip(before[place].logits, after.logits) {
                    difference += Double((y - x) * (y - x))
                    size += Double(x * x)
                }
            }
            if size > 0 { largest = max(largest, (difference / size).squareRoot()) }
        }
        return largest
    }
}

extension PrecisionCheck.Subject {
    /// With at most so many texts.
    fileprivate func sample(atMost limit: Int) -> Self {
        let places = EvenSample(of: texts.count, atMost: limit).places
        var sample = self
        sample.texts = places.map { texts[$0] }
        sample.labels = labels.map { labels in places.map { labels[$0] } }
        return sample
    }
}
