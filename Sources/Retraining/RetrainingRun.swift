import AdapterRegistry
import BERT
import LogKeys
import Logging
import Threading
import Training

/// One retraining of a task, from its rows to its verdict.
struct RetrainingRun {
    private let pipeline: RetrainingPipeline
    private let task: String
    private let requestedLabels: [String]
    private let requestedMultiLabel: Bool?
    /// The live version.
    private let champion: AdapterVersion?
    private let progress: @Sendable (TrainingProgress) -> Void
    private let isCancelled: @Sendable () -> Bool
    /// The rows that were left out, once the rows are read.
    private var unusable: UnusableRowsDescription?

    init(
        pipeline: RetrainingPipeline, task: String, requestedLabels: [String], requestedMultiLabel: Bool?,
        champion: AdapterVersion?, progress: @escaping @Sendable (TrainingProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        (self.pipeline, self.task, self.champion) = (pipeline, task, champion)
        (self.requestedLabels, self.requestedMultiLabel) = (requestedLabels, requestedMultiLabel)
        (self.progress, self.isCancelled) = (progress, isCancelled)
    }

    mutating func outcome() async throws -> RetrainingOutcome {
        let rows = try await pipeline.rows.rows(task: task, limit: pipeline.settings.maximumRows)
        if rows.count >= pipeline.settings.maximumRows {
            pipeline.logger.notice(
                "older labelled rows are left out", metadata: ["task": "\(task)", "rows": "\(rows.count)"])
        }
        let (manifest, opponent) = try await loadChampion()
        let isMultiLabel = requestedMultiLabel ?? manifest?.isMultiLabel ?? (rows.last?.isSet ?? false)
        let labels = taskLabels(rows: rows, champion: manifest)
        let mapping = pipeline.settings.mapping
        let championLabels = mapping.current(manifest?.labels ?? [])
        let dataset = Dataset(
            rows: rows, labels: labels, retired: Set(championLabels).subtracting(labels), mapping: mapping,
            holdOut: pipeline.settings.holdOut, trust: pipeline.settings.trust, isMultiLabel: isMultiLabel)
        unusable = UnusableRowsDescription(dataset.summary, labels: labels, mapping: mapping)
        warnOfUnusableRows(dataset.summary)
        if let reason = obstacle(dataset, isMultiLabel: isMultiLabel) {
            return outcome(.skipped, reason, dataset: dataset)
        }
        let challenger = try await train(dataset, labels: labels, isMultiLabel: isMultiLabel, from: opponent)
        let comparison = try await HeldOutComparison(
            challenger: challenger, champion: opponent, championLabels: championLabels, dataset: dataset,
            labels: labels, isMultiLabel: isMultiLabel, pipeline: pipeline)
        var decision = comparison.decision(gate: pipeline.settings.gate)
        if challenger.digest == champion?.digest {
            decision = .init(promotes: false, reason: "the challenger is the champion, bit for bit")
        }
        let version = try await settle(challenger, &decision, metrics: comparison.metrics)
        var outcome = outcome(decision.promotes ? .promoted : .rejected, decision.reason, dataset: dataset)
        outcome.challenger = challenger.digest
        outcome.challengerVersion = version.version
        outcome.challengerEvaluation = comparison.challengerEvaluation
        outcome.championEvaluation = comparison.championEvaluation
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
            LogKey.task: "\(task)", LogKey.unusableRows: "\(summary.unusable)", LogKey.rows: "\(summary.read)",
        ]
        if summary.withUnknownLabels > 0 { metadata[LogKey.unknownLabels] = "\(unusable.unknownLabels)" }
        pipeline.logger.warning("some labelled rows are unusable", metadata: metadata)
    }

    // MARK: - Before training

    /// The champion as it is stored, and as an adapter if it runs over this base. A champion of another base cannot be
    /// trained further or compared with, but its labels must not be forgotten.
    private func loadChampion() async throws -> (manifest: AdapterManifest?, adapter: Adapter?) {
        guard let champion else { return (nil, nil) }
        let stored = try await pipeline.store.load(digest: champion.digest)
        guard champion.baseDigest == pipeline.base.digest else { return (stored.manifest, nil) }
        do {
            let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: pipeline.base)
            return (stored.manifest, adapter)
        } catch {
            pipeline.logger.warning(
                "champion cannot be used", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(error)"])
            return (stored.manifest, nil)
        }
    }

    private func taskLabels(rows: [LabelledRow], champion: AdapterManifest?) -> [String] {
        if !requestedLabels.isEmpty { return requestedLabels }
        return champion?.labels ?? Set(rows.flatMap(\.labels)).filter { !$0.isEmpty }.sorted()
    }

    /// Why training would be pointless; `nil` if it would not.
    private func obstacle(_ dataset: Dataset, isMultiLabel: Bool) -> String? {
        let settings = pipeline.settings
        let (training, heldOut) = (dataset.training.count, dataset.heldOut.count)
        guard training >= settings.minimumTraining else {
            return "\(training) rows to train on are too few: \(settings.minimumTraining) are required"
        }
        let labels = Set(dataset.training.flatMap(\.labels))
        if isMultiLabel {
            guard !labels.isEmpty else { return "no row to train on has a label" }
        } else {
            guard labels.count > 1 else { return "all rows to train on have the same label" }
        }
        guard heldOut >= settings.gate.minimumHoldOut else {
            return "\(heldOut) held-out rows are too few to judge: \(settings.gate.minimumHoldOut) are required"
        }
        return nil
    }

    // MARK: - Training

    /// Trains on the training rows of the dataset, and fits the scores on other rows.
    ///
    /// A temperature changes no label, so the held-out rows may both fit it and judge. What does change labels (the
    /// best epoch, the thresholds of a multi-label task) is decided on a part of the training rows. It is set aside for
    /// good by other digits of the hash.
    private func train(
        _ dataset: Dataset, labels: [String], isMultiLabel: Bool, from champion: Adapter?
    ) async throws -> Adapter {
        var settings = pipeline.settings.training
        settings.isMultiLabel = isMultiLabel
        // Without any label that is left, the champion is no start.
        let mapped = champion.flatMap { try? $0.mapped(by: pipeline.settings.mapping) }
        let start = mapped.flatMap { canStart(from: $0, labels: labels, isMultiLabel: isMultiLabel) ? $0 : nil }
        let needsValidation = isMultiLabel || settings.epochSelection != .last
        let (rows, validation) = needsValidation ? Self.split(dataset.training) : (dataset.training, [])
        let trainer = AdapterTrainer(base: pipeline.base, tokenizer: pipeline.tokenizer, settings: settings)
        let (progress, isCancelled, heldOut) = (progress, isCancelled, dataset.heldOut)
        return try await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            do throws(TrainingError) {
                let candidate = try trainer.train(
                    rows, validation: validation, labels: labels, startingFrom: start, progress: progress,
                    isCancelled: isCancelled)
                return needsValidation ? candidate.adapter : try trainer.fitted(candidate.adapter, on: heldOut)
            } catch {
                throw RetrainingError.training("\(error)")
            }
        }
    }

    private static func split(_ rows: [LabelledText]) -> (training: [LabelledText], validation: [LabelledText]) {
        let isHeld = HoldOut(level: 1).split(rows.map { (NormalizedText($0.text), $0.labels) })
        var sides: (training: [LabelledText], validation: [LabelledText]) = ([], [])
        for (row, isHeld) in zip(rows, isHeld) {
            if isHeld { sides.validation.append(row) } else { sides.training.append(row) }
        }
        return sides
    }

    /// Whether the champion has the shape that the settings describe, and the task has all its labels.
    private func canStart(from champion: Adapter, labels: [String], isMultiLabel: Bool) -> Bool {
        let (shape, requested) = (champion.manifest.configuration, pipeline.settings.training)
        return pipeline.settings.startsFromChampion && champion.manifest.isMultiLabel == isMultiLabel
            && Set(champion.labels).isSubset(of: labels) && shape.rank == requested.rank
            && shape.alpha == Double(requested.alpha) && Set(shape.targets) == Set(requested.targets)
            && shape.layers.map(Set.init) == requested.layers.map(Set.init) && !shape.useDoRA
            && shape.useRSLoRA == requested.usesRSLoRA && shape.rankPattern == requested.rankPattern
            && shape.alphaPattern == requested.alphaPattern && shape.bias == requested.bias
    }

    // MARK: - Verdict

    /// Stores the challenger, promoted or rejected.
    private func settle(
        _ challenger: Adapter, _ decision: inout PromotionGate.Decision, metrics: [String: Double]
    ) async throws -> AdapterVersion {
        if isCancelled() { throw RetrainingError.training("\(TrainingError.cancelled)") }
        let store = pipeline.store
        let version = try await store.publish(
            task: task, adapter: challenger, metrics: metrics, parentDigest: champion?.digest)
        if decision.promotes, version.state != .live, version.promotedAt != nil {
            decision = .init(promotes: false, reason: Self.wasLive(version))
        }
        if decision.promotes, try await store.live(tasks: [task]).first?.digest != champion?.digest {
            decision = .init(promotes: false, reason: "another adapter went live while the challenger was trained")
        }
        if decision.promotes { return try await store.promote(task: task, version: version.version) }
        if version.state == .candidate { try await store.reject(task: task, version: version.version) }
        return version
    }

    /// Why a challenger that equals an old version is not promoted. What was live once returns only if a person says
    /// so; otherwise a retraining on the same rows would undo a rollback.
    private static func wasLive(_ version: AdapterVersion) -> String {
        let name = "version \(version.version)"
        let past = version.state == .rejected ? "was rolled back" : "was live and was replaced"
        return "the challenger is \(name), bit for bit, which \(past); to bring it back, run: "
            + "lorikeet adapters promote \(version.task) \(version.version)"
    }
}
