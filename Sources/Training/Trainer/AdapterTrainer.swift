import BERT
import CLinux
import Kernels
import Threading
import WordPiece

/// Trains adapters over one base. It blocks the calling thread and computes on threads of its own.
public struct AdapterTrainer: Sendable {
    let base: BERTBase
    let tokenizer: WordPieceTokenizer
    let settings: TrainingSettings

    /// - Parameter tokenizer: that of the base.
    public init(base: BERTBase, tokenizer: WordPieceTokenizer, settings: TrainingSettings) {
        self.base = base
        self.tokenizer = tokenizer
        self.settings = settings
    }

    // MARK: - Training

    /// Trains an adapter: the same rows, settings, seed and number of workers give the same bits.
    ///
    /// - Parameters:
    ///   - training: the rows to train on. Their memory is freed after tokenization if the caller does not keep them.
    ///   - validation: rows to evaluate each epoch on; may be empty.
    ///   - labels: the labels of the task, in the order of the head's rows. nil: those of `startingFrom`, then the
    ///     others of the rows, sorted.
    ///   - startingFrom: an adapter of the shape that the settings describe. Its labels keep their rows of the head;
    ///     labels may be added, none may be removed. The row of a new label starts from the mean of its texts'
    ///     features.
    ///   - distillation: a teacher to distil from, on further texts; nil: none.
    ///   - task: recorded in the adapter's manifest.
    ///   - checkpoint: a training of the same rows and settings to resume. The result has the bits of an undisturbed
    ///     training.
    ///   - save: receives a checkpoint after each epoch, and before `TrainingError.cancelled` is thrown.
    ///   - stepLimit: the training is cancelled after this many steps.
    ///   - progress: called on the calling thread, after some steps and after each epoch.
    ///   - isCancelled: asked before each step.
    /// - Returns: the adapter of the best epoch. If the loss stops being a number after a good epoch, `divergence` is
    ///   set.
    public func train(
        _ training: consuming [LabelledText], validation: [LabelledText], labels: [String]? = nil,
        startingFrom: Adapter? = nil, distillation: Distillation? = nil,
        task: String? = nil, resumingFrom checkpoint: TrainingCheckpoint? = nil,
        save: (TrainingCheckpoint) -> Void = { _ in },
        stoppingAfter stepLimit: Int = .max, progress: (TrainingProgress) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> AdapterCandidate {
        var texts = consume training
        try settings.check(base: base, tokenizer: tokenizer)
        let rows = try tokenize(texts, labels: labels, startingFrom: startingFrom, distillation)
        let identity = TrainingIdentity(
            settings: settings, labels: rows.labels, base: base, training: texts, validation: validation,
            start: startingFrom, distillation: distillation)
        texts = []
        // The C library would keep the many small pieces of memory that were the texts.
        malloc_trim(0)
        BLAS.configure()
        return try withSecondAttempt(identity, checkpoint, progress) {
            (trainer, identity, checkpoint) throws(TrainingError) in
            try trainer.attempt(
                rows, validation, startingFrom: startingFrom, distillationWeight: distillation?.settings.weight ?? 0,
                task: task, identity: identity, resumingFrom: checkpoint, save: save, stoppingAfter: stepLimit,
                progress: progress, isCancelled: isCancelled)
        }
    }

    /// One training, from its first step or from a checkpoint.
    private func attempt(
        _ rows: TrainingRows, _ validation: [LabelledText], startingFrom: Adapter?, distillationWeight: Double,
        task: String?, identity: TrainingIdentity, resumingFrom checkpoint: TrainingCheckpoint?,
        save: (TrainingCheckpoint) -> Void, stoppingAfter stepLimit: Int, progress: (TrainingProgress) -> Void,
        isCancelled: () -> Bool
    ) throws(TrainingError) -> AdapterCandidate {
        let criterion = try TrainingCriterion(settings, rows)
        try checkpoint?.check(identity)
        let adapter = try trainable(labels: rows.labels, startingFrom: startingFrom)
        try checkpoint?.check(parameterCount: adapter.parameterCount)
        if checkpoint == nil, let startingFrom { grow(adapter, from: startingFrom, rows) }
        return try WorkerTeam.with(
            count: settings.workerCount, name: "training",
            // Gradients shrink to subnormal numbers, which a CPU handles many times slower.
            prepare: { enableFlushToZero() }
        ) { team throws(TrainingError) in
            var run = TrainingRun(
                base: base, adapter: adapter, rows: rows, settings: settings, team: team,
                dropout: DropoutKey(seed: settings.seed), criterion: criterion,
                distillationWeight: distillationWeight)
            run.stepLimit = stepLimit
            let history = checkpoint?.history ?? TrainingHistory()
            let length = TrainingLength(settings, rows, criterion, holdsTeacher: distillationWeight > 0)
            if let checkpoint {
                run.restore(checkpoint)
                // Nothing to compute, and nothing to cancel, if the checkpoint is of a finished training.
                if !isFinished(history, length) { try run.refillCache(isCancelled: isCancelled) }
            }
            return try candidate(
                &run, history, length, adapter, rows, validation, task: task, identity: identity, save: save,
                progress: progress, isCancelled: isCancelled)
        }
    }

    /// Runs the epochs that are left, and finishes the adapter of the best one.
    private func candidate(
        _ run: inout TrainingRun, _ finished: TrainingHistory, _ length: TrainingLength, _ adapter: TrainableAdapter,
        _ rows: TrainingRows, _ validation: [LabelledText], task: String?, identity: TrainingIdentity,
        save: (TrainingCheckpoint) -> Void, progress: (TrainingProgress) -> Void, isCancelled: () -> Bool
    ) throws(TrainingError) -> AdapterCandidate {
        var history = finished
        var divergence: AdapterCandidate.Divergence?
        let watch = TrainingWatch(settings: settings, rows: rows, evaluator: evaluator)
        do throws(TrainingError) {
            while !isFinished(history, length) {
                run.setEpochs(length.epochs(after: history.epochs))
                if settings.secondAttempt != nil, let lost = history.epochs.last?.findings?.first(where: \.isLost) {
                    throw .lost(lost)
                }
                var report = try run.epoch(history.epochs.count + 1, progress: progress, isCancelled: isCancelled)
                let evaluation = try evaluate(validation, adapter, task: task)
                report.findings = try watch.findings(after: report, start: run.curve.points.first?.loss, evaluation) {
                    () throws(TrainingError) in try freeze(adapter, task: task)
                }
                history.add(&report, evaluation, values: Array(adapter.values), by: settings.epochSelection)
                save(run.checkpoint(identity, history))
                progress(run.meter.progress(finished: report))
                if let notice = length.notice(after: history.epochs) { progress(TrainingProgress(notice: notice)) }
            }
        } catch .cancelled {
            save(run.checkpoint(identity, history))
            throw .cancelled
        } catch .notFinite(let epoch, let batch) where history.best != nil {
            divergence = AdapterCandidate.Divergence(epoch: epoch, batch: batch)
        }
        guard let best = history.best else { throw .invalidSetting("epochs", reason: "must be at least 1") }
        _ = adapter.values.update(fromContentsOf: best.values)
        let result = try fit(try freeze(adapter, task: task), validation)
        var candidate = AdapterCandidate(
            adapter: result.adapter, epochs: history.epochs, bestEpoch: best.number, evaluation: result.evaluation,
            calibration: result.calibration, coverage: result.coverage, curve: run.curve, divergence: divergence,
            findings: divergence.map { [.notFinite(epoch: $0.epoch, batch: $0.batch)] } ?? [],
            trainingEvaluation: watch.evaluation(of: result.adapter))
        // A training that was lost says so, even if its best epoch is from before.
        let lost = history.epochs.flatMap { $0.findings ?? [] }.last(where: \.isLost)
        if divergence == nil, let lost { candidate.findings.append(lost) }
        candidate.findings = candidate.findings(on: result.evaluation ?? candidate.trainingEvaluation)
        return candidate
    }

    private func isFinished(_ history: TrainingHistory, _ length: TrainingLength) -> Bool {
        history.epochs.count >= length.epochs(after: history.epochs)
            || history.hasStalled(patience: settings.patience)
    }

    // MARK: - Evaluation

    /// The metrics of a training that was cancelled, without disturbing it.
    ///
    /// - Parameter adapter: the adapter if the training ended in the meantime.
    func evaluation(
        of checkpoint: TrainingCheckpoint, adapter: Adapter?, validation: [LabelledText], startingFrom: Adapter?
    ) throws(TrainingError) -> Evaluation {
        if let adapter { return evaluator.evaluate(validation, adapter: adapter) }
        let paused = try trainable(labels: checkpoint.identity.labels, startingFrom: startingFrom)
        try checkpoint.check(parameterCount: paused.parameterCount)
        _ = paused.values.update(fromContentsOf: checkpoint.values)
        return evaluator.evaluate(validation, adapter: try freeze(paused, task: nil))
    }

    private func evaluate(
        _ validation: [LabelledText], _ adapter: TrainableAdapter, task: String?
    ) throws(TrainingError) -> Evaluation? {
        validation.isEmpty ? nil : evaluator.evaluate(validation, adapter: try freeze(adapter, task: task))
    }

    /// Fits temperature, thresholds and abstention thresholds of an adapter on rows that it was not trained on.
    public func fitted(_ adapter: Adapter, on rows: [LabelledText]) throws(TrainingError) -> Adapter {
        try fit(adapter, rows).adapter
    }

    private func fit(_ adapter: Adapter, _ validation: [LabelledText]) throws(TrainingError) -> ScoreFitting.Result {
        do throws(AdapterError) {
            return try ScoreFitting(evaluator: evaluator, precisions: settings.precisions).result(adapter, validation)
        } catch {
            throw .adapter(error)
        }
    }

    private var evaluator: Evaluator {
        Evaluator(
            base: base, tokenizer: tokenizer, workers: settings.workerCount, maxTokens: settings.maxTokens,
            longTexts: LongTextsChoice(settings.longTexts))
    }

    // MARK: - Preparation

    private func tokenize(
        _ texts: [LabelledText], labels: [String]?, startingFrom start: Adapter?, _ distillation: Distillation?
    ) throws(TrainingError) -> TrainingRows {
        var labels = labels
        if let start { labels = try extended(start.labels, to: labels, texts) }
        var rows = try TrainingRows(
            texts, labels: labels, isMultiLabel: settings.isMultiLabel, encoder: settings.encoder(tokenizer))
        if let distillation {
            try rows.add(
                distillation, isMultiLabel: settings.isMultiLabel, tokenizer: tokenizer,
                maxTokens: settings.distillationTokens)
        }
        return rows
    }

    /// The labels of a warm start: those given, else the adapter's followed by the new ones of the rows.
    private func extended(
        _ known: [String], to given: [String]?, _ rows: [LabelledText]
    ) throws(TrainingError) -> [String] {
        let required = Set(given ?? rows.flatMap(\.labels))
        let gone = known.filter { !required.contains($0) }
        guard gone.isEmpty else { throw .startHasOtherLabels(gone) }
        return given ?? known + required.subtracting(known).sorted()
    }

    private func trainable(labels: [String], startingFrom start: Adapter?) throws(TrainingError) -> TrainableAdapter {
        let fresh: TrainableAdapter
        let continued: TrainableAdapter
        do throws(AdapterError) {
            fresh = try TrainableAdapter(
                base: base, configuration: settings.configuration, labels: labels, seed: settings.seed)
            guard let start else { return fresh }
            continued = try TrainableAdapter(
                continuing: start, base: base, labels: labels, dropout: Double(settings.dropout), seed: settings.seed)
        } catch {
            throw .adapter(error)
        }
        if let start, let reason = mismatch(start, continued, fresh) { throw .startDoesNotFit(reason: reason) }
        return continued
    }

    /// Gives the labels that the start does not have their first rows of the head.
    private func grow(_ adapter: TrainableAdapter, from start: Adapter, _ rows: TrainingRows) {
        guard let new = LabelCentres(adapter: start, base: base, rows: rows, workers: settings.workerCount) else {
            return
        }
        adapter.grow(centres: new.centres, others: new.others, isMultiLabel: settings.isMultiLabel)
    }

    /// Why an adapter to start from does not have the shape of a fresh one; nil if it does.
    private func mismatch(_ start: Adapter, _ continued: TrainableAdapter, _ fresh: TrainableAdapter) -> String? {
        if start.manifest.isMultiLabel != settings.isMultiLabel {
            let (one, set) = ("one label per text", "a set of labels per text")
            let (has, requested) = settings.isMultiLabel ? (one, set) : (set, one)
            return "it gives \(has), but \(requested) is requested"
        }
        if let difference = settings.difference(to: start.manifest.configuration) { return difference }
        return continued.tensors == fresh.tensors ? nil : "it adapts other layers, or has another rank"
    }

    private func freeze(_ adapter: TrainableAdapter, task: String?) throws(TrainingError) -> Adapter {
        do throws(AdapterError) {
            return try adapter.frozen(
                task: task, maxTokens: settings.maxTokens, longTexts: settings.longTexts, createdBy: "lorikeet",
                isMultiLabel: settings.isMultiLabel)
        } catch {
            throw .adapter(error)
        }
    }
}
