import AdapterRegistry
import BERT
import Logging
import Threading
import Training

/// One run of the retraining path: stages 1 to 7 for one task.
struct RetrainingRun {
    let way: RetrainingPipeline
    let task: String
    let wantedLabels: [String]
    let wantsSets: Bool?
    /// The version that is live.
    let champion: AdapterVersion?
    let progress: @Sendable (TrainingProgress) -> Void
    let isCancelled: @Sendable () -> Bool
    /// What was left out of the rows, once they were read.
    private var unusable: UnusableRowsDescription?

    init(
        way: RetrainingPipeline, task: String, wantedLabels: [String], wantsSets: Bool?, champion: AdapterVersion?,
        progress: @escaping @Sendable (TrainingProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) {
        (self.way, self.task, self.champion) = (way, task, champion)
        (self.wantedLabels, self.wantsSets) = (wantedLabels, wantsSets)
        (self.progress, self.isCancelled) = (progress, isCancelled)
    }

    mutating func outcome() async throws -> RetrainingOutcome {
        let rows = try await way.source.rows(task: task, limit: way.settings.maximumRows)
        let (manifest, opponent) = try await loadChampion()
        let isMultiLabel = wantsSets ?? manifest?.isMultiLabel ?? (rows.last?.isSet ?? false)
        let labels = taskLabels(rows: rows, champion: manifest)
        let dataset = Dataset(
            rows: rows, labels: labels, retired: Set(manifest?.labels ?? []).subtracting(labels),
            holdOut: way.settings.holdOut, isMultiLabel: isMultiLabel)
        unusable = UnusableRowsDescription(dataset.summary, labels: labels)
        warnOfUnusableRows(dataset.summary)
        if let reason = obstacle(dataset, isMultiLabel: isMultiLabel) {
            return outcome(.skipped, reason, dataset: dataset)
        }
        let challenger = try await train(dataset, labels: labels, isMultiLabel: isMultiLabel, from: opponent)
        let contest = try await HeldOutComparison(
            challenger: challenger, champion: opponent, championLabels: manifest?.labels ?? [], dataset: dataset,
            labels: labels, isMultiLabel: isMultiLabel, way: way)
        var decision = contest.decision(gate: way.settings.gate)
        if challenger.digest == champion?.digest {
            decision = .init(promotes: false, reason: "the challenger is the champion, bit for bit")
        }
        let version = try await settle(challenger, &decision, metrics: contest.metrics)
        var outcome = outcome(decision.promotes ? .promoted : .rejected, decision.reason, dataset: dataset)
        outcome.challenger = challenger.digest
        outcome.challengerVersion = version.version
        outcome.challengerEvaluation = contest.challengerEvaluation
        outcome.championEvaluation = contest.championEvaluation
        return outcome
    }

    private func outcome(_ verdict: RetrainingVerdict, _ reason: String, dataset: Dataset) -> RetrainingOutcome {
        let reasons = [reason, unusable?.sentence].compactMap(\.self)
        var outcome = RetrainingOutcome(task: task, verdict: verdict, reason: reasons.joined(separator: "; "))
        outcome.rows = dataset.summary
        outcome.champion = champion?.digest
        return outcome
    }

    private func warnOfUnusableRows(_ summary: RowSummary) {
        guard summary.unusable > 0, let unusable else { return }
        var metadata: Logger.Metadata = [
            "task": "\(task)", "unusable": "\(summary.unusable)", "rows": "\(summary.read)",
        ]
        if summary.withUnknownLabels > 0 { metadata["unknown_labels"] = "\(unusable.unknownLabels)" }
        way.logger.warning("labelled rows cannot be used", metadata: metadata)
    }

    // MARK: - Before training

    /// The champion as it is stored, and as an adapter if it runs over this base. One of another base is neither a start nor
    /// a measure, but its labels must not be forgotten all the same.
    private func loadChampion() async throws -> (manifest: AdapterManifest?, adapter: Adapter?) {
        guard let champion else { return (nil, nil) }
        let stored = try await way.store.load(digest: champion.digest)
        guard champion.baseDigest == way.base.digest else { return (stored.manifest, nil) }
        do {
            return (stored.manifest, try Adapter(manifest: stored.manifest, weights: stored.weights, base: way.base))
        } catch {
            way.logger.warning(
                "the champion cannot be used", metadata: ["task": "\(task)", "reason": "\(error)"])
            return (stored.manifest, nil)
        }
    }

    private func taskLabels(rows: [LabelledRow], champion: AdapterManifest?) -> [String] {
        if !wantedLabels.isEmpty { return wantedLabels }
        return champion?.labels ?? Set(rows.flatMap(\.labels)).filter { !$0.isEmpty }.sorted()
    }

    /// Why training would be in vain; `nil` if it would not.
    private func obstacle(_ dataset: Dataset, isMultiLabel: Bool) -> String? {
        let settings = way.settings
        guard dataset.training.count >= settings.minimumTraining else {
            return "\(dataset.training.count) rows to train on are too few, \(settings.minimumTraining) are required"
        }
        let labels = Set(dataset.training.flatMap(\.labels))
        if isMultiLabel {
            guard !labels.isEmpty else { return "no row to train on has a label" }
        } else {
            guard labels.count > 1 else { return "all rows to train on have the same label" }
        }
        guard dataset.heldOut.count >= settings.gate.minimumHoldOut else {
            return
                "\(dataset.heldOut.count) held-out rows are too few to judge, \(settings.gate.minimumHoldOut) are required"
        }
        return nil
    }

    // MARK: - Training and its result

    /// Trains on the dataset's training rows, and fits the scores on rows that are not learnt from.
    ///
    /// A temperature changes no label, so that the held-out rows may fit it and judge all the same. What does change labels (the epoch
    /// that is kept, thresholds of a multi-label task) is decided on a part of the training rows, set aside for good by other digits of
    /// the hash.
    private func train(
        _ dataset: Dataset, labels: [String], isMultiLabel: Bool, from champion: Adapter?
    ) async throws -> Adapter {
        var settings = way.settings.training
        settings.isMultiLabel = isMultiLabel
        let start = champion.flatMap { canContinue($0, labels: labels, isMultiLabel: isMultiLabel) ? $0 : nil }
        let decides = isMultiLabel || settings.epochSelection != .last
        let (rows, validation) = decides ? divided(dataset.training) : (dataset.training, [])
        let trainer = AdapterTrainer(base: way.base, tokenizer: way.tokenizer, settings: settings)
        let (progress, isCancelled, heldOut) = (progress, isCancelled, dataset.heldOut)
        return try await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            do throws(TrainingError) {
                let candidate = try trainer.train(
                    rows, validation: validation, labels: labels, startingFrom: start, progress: progress,
                    isCancelled: isCancelled)
                return decides ? candidate.adapter : try trainer.fitted(candidate.adapter, on: heldOut)
            } catch {
                throw RetrainingError.training("\(error)")
            }
        }
    }

    private func divided(_ rows: [LabelledText]) -> (training: [LabelledText], validation: [LabelledText]) {
        let isHeld = HoldOut(level: 1).split(rows.map { (NormalizedText($0.text), $0.labels) })
        var sides: (training: [LabelledText], validation: [LabelledText]) = ([], [])
        for (row, isHeld) in zip(rows, isHeld) {
            if isHeld { sides.validation.append(row) } else { sides.training.append(row) }
        }
        return sides
    }

    /// Whether the champion has the shape that the settings ask for, and no label that the task has lost.
    private func canContinue(_ champion: Adapter, labels: [String], isMultiLabel: Bool) -> Bool {
        let (shape, wanted) = (champion.manifest.configuration, way.settings.training)
        return way.settings.startsFromChampion && champion.manifest.isMultiLabel == isMultiLabel
            && Set(champion.labels).isSubset(of: labels) && shape.rank == wanted.rank
            && shape.alpha == Double(wanted.alpha) && Set(shape.targets) == Set(wanted.targets)
            && shape.layers.map(Set.init) == wanted.layers.map(Set.init) && !shape.useDoRA
            && shape.useRSLoRA == wanted.usesRSLoRA && shape.rankPattern == wanted.rankPattern
            && shape.alphaPattern == wanted.alphaPattern && shape.bias == wanted.bias
    }

    /// Why a challenger that is an old version bit for bit stays where somebody put it: what was live once comes back only by a
    /// person's hand, or a retraining on the same rows would undo a rollback.
    private static func wasLive(_ version: AdapterVersion) -> String {
        let name = "version \(version.version)"
        let past = version.state == .rejected ? "was rolled back" : "was live and another took its place"
        return "the challenger is \(name), bit for bit, which \(past); only a person brings it back: "
            + "lorikeet adapters promote \(version.task) \(version.version)"
    }

    /// Takes the challenger into the registry, promoted or rejected.
    private func settle(
        _ challenger: Adapter, _ decision: inout PromotionGate.Decision, metrics: [String: Double]
    ) async throws -> AdapterVersion {
        if isCancelled() { throw RetrainingError.training("\(TrainingError.cancelled)") }
        let version = try await way.store.publish(
            task: task, adapter: challenger, metrics: metrics, parentDigest: champion?.digest)
        if decision.promotes, version.state != .live, version.promotedAt != nil {
            decision = .init(promotes: false, reason: Self.wasLive(version))
        }
        if decision.promotes, try await way.store.live(tasks: [task]).first?.digest != champion?.digest {
            decision = .init(promotes: false, reason: "another adapter went live while the challenger was in training")
        }
        if decision.promotes { return try await way.store.promote(task: task, version: version.version) }
        if version.state == .candidate { try await way.store.reject(task: task, version: version.version) }
        return version
    }
}
