import BERT
import Kernels
import Threading
import WordPiece

/// Trains adapters over one base. Blocks the calling thread meanwhile and works on threads of its own.
public struct AdapterTrainer: Sendable {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private let settings: TrainingSettings

    public init(base: BERTBase, tokenizer: WordPieceTokenizer, settings: TrainingSettings) {
        self.base = base
        self.tokenizer = tokenizer
        self.settings = settings
    }

    /// Trains an adapter on rows: the same rows, settings, seed and number of workers give the same bits.
    ///
    /// - Parameters:
    ///   - training: forgotten once they are token ids, if the caller does not keep them.
    ///   - validation: measured after each epoch, never learned from; may be empty.
    ///   - labels: those of the task, in the order of the head's rows; nil: those of the rows, sorted, behind those of the
    ///     adapter to start from.
    ///   - startingFrom: an adapter of the shape that the settings ask for; its labels keep their rows of the head, others may
    ///     come to them, none may go.
    ///   - task: kept in the adapter's manifest.
    ///   - checkpoint: a training of the same rows and settings to go on with; it ends with the bits of one that was not disturbed.
    ///   - save: given a checkpoint after each epoch, and before `TrainingError.cancelled` is thrown.
    ///   - pause: the training stops after so many steps, as if cancelled.
    ///   - progress: called on the calling thread, after some steps and after each epoch.
    ///   - isCancelled: asked before each step.
    /// - Returns: where the loss stops being a number after an epoch that was good, that epoch's adapter, with `divergence` set.
    public func train(
        _ training: consuming [LabelledText], validation: [LabelledText], labels: [String]? = nil,
        startingFrom: Adapter? = nil,
        task: String? = nil, goingOnFrom checkpoint: TrainingCheckpoint? = nil,
        save: (TrainingCheckpoint) -> Void = { _ in },
        pausingAt pause: Int = .max, progress: (TrainingProgress) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> AdapterCandidate {
        var texts = consume training
        try settings.check(base: base, tokenizer: tokenizer)
        let labels =
            try startingFrom.map { start throws(TrainingError) in try grown(start.labels, to: labels, texts) } ?? labels
        let rows = try TrainingRows(
            texts, labels: labels, isMultiLabel: settings.isMultiLabel, tokenizer: tokenizer,
            maxTokens: settings.maxTokens)
        let criterion = try TrainingCriterion(settings, rows)
        let identity = TrainingIdentity(
            settings: settings, labels: rows.labels, base: base, training: texts, validation: validation,
            start: startingFrom)
        texts = []
        releaseFreedMemory()
        try checkpoint.map { checkpoint throws(TrainingError) in try check(checkpoint, identity) }
        let adapter = try trainable(labels: rows.labels, startingFrom: startingFrom)
        BLAS.configure()
        return try WorkerTeam.with(
            count: settings.workerCount, name: "training",
            // Gradients shrink into numbers that a CPU handles many times slower.
            prepare: { enableFlushToZero() }
        ) { team throws(TrainingError) in
            var run = TrainingRun(
                base: base, adapter: adapter, rows: rows, settings: settings, team: team,
                dropout: DropoutKey(seed: settings.seed),
                criterion: criterion)
            run.pause = pause
            var course = TrainingCourse()
            if let checkpoint {
                guard checkpoint.has(adapter.parameterCount) else {
                    throw .checkpoint(.ofAnotherTraining(["the number of parameters"]))
                }
                course = checkpoint.course
                run.stand(where: checkpoint)
            }
            let epochs = settings.epochCount(rows: rows.targets.count)
            var isOver: Bool { course.epochs.count >= epochs || course.hasStalled(patience: settings.patience) }
            // A checkpoint stays as it is where this is cancelled.
            if checkpoint != nil, !isOver { try run.refillCache(isCancelled: isCancelled) }
            var divergence: AdapterCandidate.Divergence?
            do throws(TrainingError) {
                while !isOver {
                    var report = try run.epoch(course.epochs.count + 1, progress: progress, isCancelled: isCancelled)
                    course.add(
                        &report, try evaluate(validation, adapter, task: task), values: Array(adapter.values),
                        keeping: settings.keeping)
                    save(run.checkpoint(identity, course))
                    progress(run.meter.progress(finished: report))
                }
            } catch .cancelled {
                save(run.checkpoint(identity, course))
                throw .cancelled
            } catch .notFinite(let epoch, let batch) where course.kept != nil {
                divergence = AdapterCandidate.Divergence(epoch: epoch, batch: batch)
            }
            guard let kept = course.kept else { throw .invalidSetting("epochs", reason: "must be at least 1") }
            _ = adapter.values.update(fromContentsOf: kept.values)
            let finished = try finish(try freeze(adapter, task: task), validation)
            return AdapterCandidate(
                adapter: finished.adapter, epochs: course.epochs, keptEpoch: kept.epoch,
                evaluation: finished.evaluation,
                calibration: finished.calibration, coverage: finished.coverage, curve: run.curve, divergence: divergence
            )
        }
    }

    /// What the adapter of a training that stands still is worth on rows, without its training being disturbed.
    func evaluation(
        of checkpoint: TrainingCheckpoint, adapter: Adapter?, validation: [LabelledText], startingFrom: Adapter?
    ) throws(TrainingError) -> Evaluation {
        if let adapter { return evaluator.evaluate(validation, adapter: adapter) }
        let paused = try trainable(labels: checkpoint.identity.labels, startingFrom: startingFrom)
        guard checkpoint.has(paused.parameterCount) else {
            throw .checkpoint(.ofAnotherTraining(["the number of parameters"]))
        }
        _ = paused.values.update(fromContentsOf: checkpoint.values)
        return evaluator.evaluate(validation, adapter: try freeze(paused, task: nil))
    }

    private func evaluate(
        _ validation: [LabelledText], _ adapter: TrainableAdapter, task: String?
    ) throws(TrainingError) -> Evaluation? {
        validation.isEmpty ? nil : evaluator.evaluate(validation, adapter: try freeze(adapter, task: task))
    }

    /// The adapter with temperature, thresholds and points of abstention fitted on rows that it has not learnt from.
    public func fitted(_ adapter: Adapter, on rows: [LabelledText]) throws(TrainingError) -> Adapter {
        try finish(adapter, rows).adapter
    }

    /// The adapter with what its validation rows say of its scores.
    private func finish(_ adapter: Adapter, _ validation: [LabelledText]) throws(TrainingError) -> ScoreFitting.Result {
        do throws(AdapterError) {
            return try ScoreFitting(evaluator: evaluator, precisions: settings.precisions).result(adapter, validation)
        } catch {
            throw .adapter(error)
        }
    }

    private func check(_ checkpoint: TrainingCheckpoint, _ identity: TrainingIdentity) throws(TrainingError) {
        guard let differences = try? identity.differences(from: checkpoint.identity) else {
            throw .checkpoint(.ofAnotherTraining(["settings that are not numbers"]))
        }
        guard differences.isEmpty else { throw .checkpoint(.ofAnotherTraining(differences)) }
    }

    private var evaluator: Evaluator {
        Evaluator(base: base, tokenizer: tokenizer, workers: settings.workerCount, maxTokens: settings.maxTokens)
    }

    /// The labels of a warm start: those given, else the adapter's and then the rows' new ones.
    private func grown(_ known: [String], to given: [String]?, _ rows: [LabelledText]) throws(TrainingError) -> [String]
    {
        let wanted = Set(given ?? rows.flatMap(\.labels))
        let gone = known.filter { !wanted.contains($0) }
        guard gone.isEmpty else { throw .startHasOtherLabels(gone) }
        return given ?? known + wanted.subtracting(known).sorted()
    }

    private func trainable(labels: [String], startingFrom start: Adapter?) throws(TrainingError) -> TrainableAdapter {
        let fresh: TrainableAdapter
        let continued: TrainableAdapter?
        do throws(AdapterError) {
            fresh = try TrainableAdapter(
                base: base, configuration: settings.configuration, labels: labels, seed: settings.seed)
            if let start {
                continued = try TrainableAdapter(
                    continuing: start, base: base, labels: labels, dropout: Double(settings.dropout),
                    seed: settings.seed)
            } else {
                continued = nil
            }
        } catch {
            throw .adapter(error)
        }
        guard let start, let continued else { return fresh }
        guard start.manifest.isMultiLabel == settings.isMultiLabel else {
            let (one, set) = ("one label a text", "a set of labels a text")
            let (has, wants) = settings.isMultiLabel ? (one, set) : (set, one)
            throw .startDoesNotFit(reason: "it gives \(has), \(wants) is asked for")
        }
        if let difference = settings.difference(to: start.manifest.configuration) {
            throw .startDoesNotFit(reason: difference)
        }
        guard continued.tensors == fresh.tensors else {
            throw .startDoesNotFit(reason: "it adapts other layers, or at another rank")
        }
        return continued
    }

    private func freeze(_ adapter: TrainableAdapter, task: String?) throws(TrainingError) -> Adapter {
        do throws(AdapterError) {
            return try adapter.frozen(
                task: task, maxTokens: settings.maxTokens, createdBy: "lorikeet", isMultiLabel: settings.isMultiLabel)
        } catch {
            throw .adapter(error)
        }
    }
}
