import BERT
import Connectors
import FoundationEssentials
import Synchronization
import Training

/// A text of the queue, and why it is there.
public struct QueuedText: Sendable {
    /// Why a text should be labelled.
    public enum Reason: String, Sendable {
        /// The daemon gave it no label.
        case abstained
        /// Its label is given more or less often than before.
        case drift
        /// The adapter can hardly tell.
        case margin
    }

    /// The text, as the adapter labelled it.
    public let text: UnlabelledText
    /// Why it is in the queue.
    public let reason: Reason
}

/// `lorikeet annotations queue`: the texts whose labels teach most.
public enum AnnotationQueueOperation {
    /// What the command line asks for.
    public struct Request: Sendable {
        /// Texts at most.
        public var count: Int
        /// The newest labels of the task among which to look.
        public var window: Int
        /// None that is older; nil: any.
        public var since: Date?
        /// How texts are chosen.
        public var strategy: SelectionStrategy
        /// The same seed chooses the same texts.
        public var seed: UInt64
        /// Threads that compute.
        public var workers: Int

        /// - Parameters: as the properties.
        public init(
            count: Int, window: Int = 50_000, since: Date? = nil, strategy: SelectionStrategy = .queue,
            seed: UInt64 = 0, workers: Int
        ) {
            (self.count, self.window, self.since) = (count, window, since)
            (self.strategy, self.seed, self.workers) = (strategy, seed, workers)
        }
    }

    /// The queue.
    public struct Result: Sendable {
        /// The texts, the one to label first at the start.
        public let texts: [QueuedText]
        /// Whether the task gives sets of labels.
        public let isMultiLabel: Bool
        /// Labels whose share has changed.
        public let driftingLabels: [String]
        /// Labels of the task in the window.
        public let windowRows: Int
    }

    /// Chooses the texts.
    ///
    /// - Parameter progress: gets the number of texts whose features are computed, and how many there are.
    /// - Throws: status 78 if texts are not stored.
    public static func run(
        _ request: Request, scope: AnnotationScope,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(CommandFailure) -> Result {
        let found = try await scope.withAnnotations { annotations in
            try await candidates(request, scope: scope, annotations)
        }
        let chosen = try choice(found.texts, request, scope, isMultiLabel: found.isMultiLabel, progress)
        return Result(
            texts: chosen, isMultiLabel: found.isMultiLabel, driftingLabels: found.drifting,
            windowRows: found.windowRows)
    }

    // MARK: - Candidates

    private struct Candidates: Sendable {
        var texts: [QueuedText]
        var isMultiLabel: Bool
        var drifting: [String]
        var windowRows: Int
    }

    private static func candidates(
        _ request: Request, scope: AnnotationScope, _ annotations: PostgresAnnotations
    ) async throws -> Candidates {
        let task = scope.task.name
        let window = try await annotations.window(task: task, limit: request.window, since: request.since)
        try requireTexts(window, scope)
        let drifting = LabelShift.labels(
            try await annotations.labelCounts(window).map {
                LabelShift.Count(label: $0.label, before: $0.older, now: $0.newer)
            })
        // Random order has no first ones.
        let limit = request.strategy == .random ? request.window : request.count * SelectionStrategy.poolFactor
        // Texts that differ only in case or blanks are one, and may be annotated in another form.
        let known = Mutex<Set<NormalizedText>>([])
        try await annotations.forEachText(task: task) { texts in
            known.withLock { known in for text in texts { known.insert(NormalizedText(text)) } }
        }
        let urgent = try await annotations.unlabelled(window, urgent: true, labels: drifting, limit: 2 * limit)
        let others = try await annotations.unlabelled(window, urgent: false, labels: drifting, limit: 2 * limit)
        let (first, rest) = known.withLock { known in (distinct(urgent, &known), distinct(others, &known)) }
        // Urgent texts come first, but fill the pool only as far as others do not.
        let share = max(limit / 2, limit - rest.count)
        let pool = (first.prefix(share) + rest).prefix(limit)
        return Candidates(
            texts: pool.map { QueuedText(text: $0, reason: reason($0, drifting: drifting)) },
            isMultiLabel: try await scope.isMultiLabel(annotations), drifting: drifting, windowRows: window.rows)
    }

    private static func distinct(_ texts: [UnlabelledText], _ known: inout Set<NormalizedText>) -> [UnlabelledText] {
        texts.filter { text in
            let normalized = NormalizedText(text.text)
            return !normalized.isEmpty && known.insert(normalized).inserted
        }
    }

    private static func reason(_ text: UnlabelledText, drifting: [String]) -> QueuedText.Reason {
        if text.isAbstained { return .abstained }
        return Set(drifting).isDisjoint(with: text.labels) ? .margin : .drift
    }

    /// Without stored texts there is nothing to show to an annotator.
    private static func requireTexts(_ window: LabelWindow, _ scope: AnnotationScope) throws(CommandFailure) {
        guard window.texts == 0, window.rows > 0 || !scope.pipeline.sink.storeText else { return }
        let state = scope.pipeline.sink.storeText ? "has been set only now" : "is false"
        throw CommandFailure(
            scope.pipeline.problem(
                at: "sink.store_text",
                "lorikeet.messages holds no texts of the task \(scope.task.name), because store_text \(state): "
                    + "set it to true and wait for new records"))
    }

    // MARK: - Choice

    private static func choice(
        _ candidates: [QueuedText], _ request: Request, _ scope: AnnotationScope, isMultiLabel: Bool,
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) throws(CommandFailure) -> [QueuedText] {
        let labels = Set(candidates.flatMap { $0.text.scores.map(\.label) }).sorted()
        let scores = candidates.flatMap { candidate -> [Float] in
            let known = Dictionary(candidate.text.scores.map { ($0.label, $0.score) }, uniquingKeysWith: { $1 })
            return labels.map { Float(known[$0] ?? 0) }
        }
        let pool = CandidatePool(
            probabilities: FeatureMatrix(columns: labels.count, values: scores),
            features: try features(candidates, request, scope, progress), isMultiLabel: isMultiLabel,
            isUrgent: candidates.map { $0.reason != .margin })
        return request.strategy.select(request.count, from: pool, seed: request.seed).map { candidates[$0] }
    }

    /// The base's view of the candidates, where the strategy looks at it and there is a choice.
    private static func features(
        _ candidates: [QueuedText], _ request: Request, _ scope: AnnotationScope,
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) throws(CommandFailure) -> FeatureMatrix {
        guard candidates.count > request.count, [.queue, .badge].contains(request.strategy) else {
            return FeatureMatrix(columns: 1, values: Array(repeating: 0, count: candidates.count))
        }
        let encoder = try scope.encoder(workers: request.workers)
        let count = candidates.count
        return encoder.features(candidates.map(\.text.text)) { progress($0, count) }.standardized()
    }
}

extension AnnotationScope {
    /// Computes features with the base of the pipeline file.
    func encoder(workers: Int) throws(CommandFailure) -> FeatureEncoder {
        let loaded: LoadedBase
        do {
            loaded = try LoadedBase(configuration)
        } catch {
            throw CommandFailure(error)
        }
        return FeatureEncoder(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: workers,
            maxTokens: pipeline.batch.maxTokens(positions: loaded.base.configuration.positions))
    }
}
