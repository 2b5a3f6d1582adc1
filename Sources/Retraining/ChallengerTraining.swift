import AdapterRegistry
import BERT
import Drift
import Threading
import Training

/// Trains a challenger, from the champion if that is possible.
struct ChallengerTraining {
    private let dataset: Dataset
    private let context: RetrainingRun.Context
    private let pipeline: RetrainingPipeline
    private let settings: TrainingSettings
    /// What the recipe chose.
    private let account: RecipeAccount
    /// The adapter that training starts from; nil: from scratch.
    private let start: Adapter?
    /// What holds it to the champion; nil: nothing.
    private let distillation: ChallengerDistillation?

    init(
        dataset: Dataset, context: RetrainingRun.Context, distillation: ChallengerDistillation?,
        pipeline: RetrainingPipeline
    ) {
        (self.dataset, self.context, self.pipeline) = (dataset, context, pipeline)
        self.distillation = distillation
        var settings = pipeline.settings.training
        settings.isMultiLabel = context.isMultiLabel
        // Without any label that is left, the champion is no start.
        let champion = context.champion.adapter.flatMap { try? $0.mapped(by: pipeline.settings.mapping) }
        // A start whose rows are unknown would make those of all its descendants unknown.
        let isKnown = context.champion.trainingRows != nil
        // A recipe has no shape of its own in mind, so a challenger can start from any.
        if settings.recipe == .auto, !settings.givesShape, let champion, isKnown {
            var shaped = settings
            shaped.takeShape(of: champion.manifest.configuration)
            if Self.canStart(from: champion, shaped, context, pipeline) { settings = shaped }
        }
        let chosen = settings
        start = isKnown ? champion.flatMap { Self.canStart(from: $0, chosen, context, pipeline) ? $0 : nil } : nil
        let figures = RowFigures(dataset.training, encoder: settings.encoder(pipeline.tokenizer))
        let rule = RecipeRule(settings, rows: figures, validation: .split, startsFromAdapter: start != nil)
        (self.settings, account) = (rule.settings, rule.account)
    }

    /// A challenger, and how it was trained.
    struct Challenger: Sendable {
        var adapter: Adapter
        var candidate: AdapterCandidate
        var account: RecipeAccount
        /// What held it to the champion; nil: nothing.
        var distillation: VerdictReport.Distillation?
    }

    /// The rows that the challenger is trained on, with those of the champion that it starts from or is
    /// distilled from.
    var trainingRows: TrainingRowSet? {
        guard start != nil || distillation != nil else { return dataset.trainingRows }
        return context.champion.trainingRows.map(dataset.trainingRows.union)
    }

    /// Identifies what the verdict of this training rests on, but for the held-out rows.
    var digest: String {
        TrainingIdentity(
            settings: settings, labels: context.labels, base: pipeline.base, training: dataset.training,
            validation: [], start: start
        ).digest(with: "\(pipeline.settings.gate)" + (distillation?.condition ?? ""))
    }

    /// Trains on the training rows of the dataset, and fits the scores on other rows.
    ///
    /// A temperature changes no label, so the held-out rows may both fit it and judge. What does change labels (the
    /// best epoch, the thresholds of a multi-label task) is decided on a part of the training rows. It is set aside for
    /// good by other digits of the hash.
    func challenger(
        progress: @escaping @Sendable (TrainingProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) async throws -> Challenger {
        let needsValidation = context.isMultiLabel || settings.epochSelection != .last
        let (rows, validation) = needsValidation ? split(dataset.training) : (dataset.training, [])
        for line in account.lines { progress(TrainingProgress(notice: line)) }
        let trainer = AdapterTrainer(base: pipeline.base, tokenizer: pipeline.tokenizer, settings: settings)
        let (labels, start, heldOut) = (context.labels, start, dataset.heldOut + dataset.newest)
        var account = account
        let teaching = distillation
        let evaluator = Evaluator(
            base: pipeline.base, tokenizer: pipeline.tokenizer, workers: settings.workers,
            maxTokens: settings.distillationTokens, longTexts: .cut)
        let (candidate, adapter, taught) = try await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            do throws(TrainingError) {
                let distillation = teaching?.distillation(labels: labels, evaluator: evaluator)
                let candidate = try trainer.train(
                    rows, validation: validation, labels: labels, startingFrom: start,
                    distillation: distillation, progress: progress, isCancelled: isCancelled)
                return (
                    candidate,
                    needsValidation ? candidate.adapter : try trainer.fitted(candidate.adapter, on: heldOut),
                    distillation.map(VerdictReport.Distillation.init)
                )
            } catch {
                throw RetrainingError.training("\(error)")
            }
        }
        account.add(candidate)
        return Challenger(adapter: adapter, candidate: candidate, account: account, distillation: taught)
    }

    /// What texts that the challenger was not trained on are like to it; nil where there are too few of them.
    ///
    /// - Parameter stream: texts of the stream, the newest first.
    func driftReference(of challenger: Adapter, stream: [String]) async -> DriftReference? {
        let (base, tokenizer, workers) = (pipeline.base, pipeline.tokenizer, settings.workerCount)
        let encoder = settings.encoder(tokenizer, positions: base.configuration.positions)
        let (training, heldOut) = (dataset.training.map(\.text), (dataset.heldOut + dataset.newest).map(\.text))
        let stored = unseen(stream)
        return await SystemThread.run(name: "drift reference", stackSize: 8 << 20) {
            func texts(_ texts: [String]) -> ReferenceMeasurement.Texts {
                ReferenceMeasurement.Texts(texts, encoder: encoder)
            }
            return ReferenceMeasurement(base: base, workers: workers, unknownToken: tokenizer.unknownID).reference(
                of: challenger, training: texts(training), heldOut: texts(heldOut), stored: texts(stored))
        }
    }

    /// The newest texts of a stream that say what the next ones will be like to the challenger. It is surer of those
    /// that it was trained on, or distilled on, so they are left out. A text that the stream repeats is kept as often
    /// as it came: it will come again.
    private func unseen(_ stream: [String]) -> [String] {
        let rows = trainingRows ?? dataset.trainingRows
        let taught = Set((distillation?.texts ?? []).map { NormalizedText($0) })
        let normalized = stream.map { NormalizedText($0) }
        var counts: [NormalizedText: Int] = [:]
        for text in normalized { counts[text, default: 0] += 1 }
        var texts: [String] = []
        for (text, normalized) in zip(stream, normalized) where texts.count < ReferenceMeasurement.maximumTexts {
            let isSeen = rows.contains(hash: normalized.hash64) || taught.contains(normalized)
            if !isSeen || counts[normalized, default: 0] > 1 { texts.append(text) }
        }
        return texts
    }

    /// A fifth is set aside, or a tenth where that was the recipe's own decision.
    private func split(_ rows: [LabelledText]) -> (training: [LabelledText], validation: [LabelledText]) {
        let isChosen = settings.recipe == .auto && !settings.isGiven(.keep) && !context.isMultiLabel
        let isHeld = HoldOut(percentage: isChosen ? 10 : 20, level: 1).split(
            rows.map { (NormalizedText($0.text), $0.labels) })
        var sides: (training: [LabelledText], validation: [LabelledText]) = ([], [])
        for (row, isHeld) in zip(rows, isHeld) {
            if isHeld { sides.validation.append(row) } else { sides.training.append(row) }
        }
        return sides
    }

    /// Whether the champion has the shape that the settings describe, and the task has all its labels.
    private static func canStart(
        from champion: Adapter, _ requested: TrainingSettings, _ context: RetrainingRun.Context,
        _ pipeline: RetrainingPipeline
    ) -> Bool {
        let shape = champion.manifest.configuration
        return pipeline.settings.startsFromChampion && champion.manifest.isMultiLabel == context.isMultiLabel
            && Set(champion.labels).isSubset(of: context.labels) && shape.rank == requested.rank
            && shape.alpha == Double(requested.alpha) && Set(shape.targets) == Set(requested.targets)
            && shape.layers.map(Set.init) == requested.layers.map(Set.init) && !shape.useDoRA
            && shape.useRSLoRA == requested.usesRSLoRA && shape.rankPattern == requested.rankPattern
            && shape.alphaPattern == requested.alphaPattern && shape.bias == requested.bias
    }
}
