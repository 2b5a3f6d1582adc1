import AdapterRegistry
import BERT
import Training

/// The champion as the teacher of a challenger, and the texts on which it teaches.
struct ChallengerDistillation {
    let teacher: Adapter
    /// The newest first; may be empty.
    let texts: [String]
    private let policy: DistillationPolicy
    private let mapping: LabelMapping

    /// What to do about a challenger.
    enum Finding {
        /// The champion is no teacher, or is not needed as one.
        case none
        /// It would be needed, but cannot be used for this reason.
        case impossible(String)
        case teach(ChallengerDistillation)
    }

    static func find(
        task: String, _ dataset: Dataset, _ context: RetrainingRun.Context, pipeline: RetrainingPipeline
    ) async throws -> Finding {
        let policy = pipeline.settings.distillation
        guard let champion = context.champion.adapter, champion.manifest.isMultiLabel == context.isMultiLabel,
            isNeeded(policy.use, dataset, context, mapping: pipeline.settings.mapping)
        else { return .none }
        // It passes on what its rows say, so the rows of all descendants would be unknown.
        guard context.champion.trainingRows != nil else {
            return .impossible("it is unknown which rows the champion was trained on")
        }
        let stream = try await pipeline.rows.recentTexts(task: task, limit: 2 * policy.texts)
        let texts = Self.texts(stream, dataset, context, holdOut: pipeline.settings.holdOut, limit: policy.texts)
        guard !texts.isEmpty else { return .impossible("there is no text without a label") }
        return .teach(
            ChallengerDistillation(
                teacher: champion, texts: texts, policy: policy, mapping: pipeline.settings.mapping))
    }

    /// What the champion makes of the texts. It blocks the calling thread.
    ///
    /// - Returns: nil if it makes nothing of them that the task has a label for.
    func distillation(labels: [String], evaluator: Evaluator) -> Distillation? {
        Distillation(
            texts: texts, teacher: teacher, labels: labels, mapping: mapping, settings: policy.settings,
            evaluator: evaluator)
    }

    /// For the digest of a training. The texts change from one retraining to the next, so they are no part of it:
    /// a challenger that lost on some rows would be trained on the same rows again and again.
    var condition: String { "distillation \(policy.settings) \(policy.texts)" }

    /// Whether the rows alone would let the challenger forget: a label of the champion has no row to train on, or many
    /// of the champion's own training rows are gone.
    private static func isNeeded(
        _ use: DistillationPolicy.Use, _ dataset: Dataset, _ context: RetrainingRun.Context, mapping: LabelMapping
    ) -> Bool {
        switch use {
        case .always: return true
        case .never: return false
        case .auto:
            let known = Set(mapping.current(context.champion.manifest?.labels ?? []))
            let isUnseen = dataset.summary.perLabel.contains { $0.training == 0 && known.contains($0.label) }
            guard !isUnseen, let trained = context.champion.trainingRows else { return true }
            let present = TrainingRowSet(hashes: context.rows.lazy.map { NormalizedText($0.text).hash64 })
            let missing = trained.count(missingFrom: present)
            return Double(missing) > DistillationPolicy.missingShare * Double(trained.range.rows)
        }
    }

    /// Texts of the stream, then those of rows that are no labelled rows of the task: each once. Without texts that
    /// have a label, which are trained on or judge, and without those that will judge once they have one.
    private static func texts(
        _ stream: [String], _ dataset: Dataset, _ context: RetrainingRun.Context, holdOut: HoldOut, limit: Int
    ) -> [String] {
        var known = Set((dataset.training + dataset.heldOut + dataset.newest).map { NormalizedText($0.text) })
        var texts: [String] = []
        for text in [stream, context.rows.reversed().map(\.text)].joined() where texts.count < limit {
            let normalized = NormalizedText(text)
            guard !normalized.isEmpty, !holdOut.contains(normalized), known.insert(normalized).inserted else {
                continue
            }
            texts.append(text)
        }
        return texts
    }
}
