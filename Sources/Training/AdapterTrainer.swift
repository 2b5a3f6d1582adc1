import BERT
import Kernels
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
    ///   - validation: measured after each epoch, never learned from; may be empty.
    ///   - labels: those of the task, in the order of the head's rows; nil: those of the rows, sorted, behind those of the
    ///     adapter to start from.
    ///   - startingFrom: an adapter of the shape that the settings ask for; its labels keep their rows of the head, others may
    ///     come to them, none may go.
    ///   - task: kept in the adapter's manifest.
    ///   - progress: called on the calling thread, after some steps and after each epoch.
    ///   - isCancelled: asked before each step.
    public func train(
        _ training: [LabelledText], validation: [LabelledText], labels: [String]? = nil, startingFrom: Adapter? = nil,
        task: String? = nil, progress: (TrainingProgress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> AdapterCandidate {
        try settings.check(base: base, tokenizer: tokenizer)
        let labels = try startingFrom.map { start throws(TrainingError) in try grown(start.labels, to: labels, training) } ?? labels
        let rows = try TrainingRows(training, labels: labels, tokenizer: tokenizer, maxTokens: settings.maxTokens)
        let adapter = try trainable(labels: rows.labels, startingFrom: startingFrom)
        BLAS.configure()
        return try WorkerTeam.with(count: settings.workerCount) { team throws(TrainingError) in
            var run = TrainingRun(
                base: base, adapter: adapter, rows: rows, settings: settings, team: team, dropout: DropoutKey(seed: settings.seed))
            var epochs: [EpochReport] = []
            var candidate: AdapterCandidate?
            for epoch in 1...max(settings.epochCount(rows: rows.targets.count), 1) {
                var report = try run.epoch(epoch, progress: progress, isCancelled: isCancelled)
                if isCancelled() { throw .cancelled }
                let frozen = try freeze(adapter, task: task)
                let evaluation = validation.isEmpty ? nil : evaluator.evaluate(validation, adapter: frozen)
                report.accuracy = evaluation?.accuracy
                report.macroF1 = evaluation?.macroF1
                epochs.append(report)
                candidate = AdapterCandidate(adapter: frozen, epochs: epochs, evaluation: evaluation)
                progress(run.meter.progress(finished: report))
            }
            guard let candidate else { throw .invalidSetting("epochs", reason: "must be at least 1") }
            return candidate
        }
    }

    private var evaluator: Evaluator {
        Evaluator(base: base, tokenizer: tokenizer, workers: settings.workerCount, maxTokens: settings.maxTokens)
    }

    /// The labels of a warm start: those given, else the adapter's and then the rows' new ones.
    private func grown(_ known: [String], to given: [String]?, _ rows: [LabelledText]) throws(TrainingError) -> [String] {
        let wanted = Set(given ?? rows.map(\.label))
        let gone = known.filter { !wanted.contains($0) }
        guard gone.isEmpty else { throw .startHasOtherLabels(gone) }
        return given ?? known + wanted.subtracting(known).sorted()
    }

    private func trainable(labels: [String], startingFrom start: Adapter?) throws(TrainingError) -> TrainableAdapter {
        let fresh: TrainableAdapter
        let continued: TrainableAdapter?
        do throws(AdapterError) {
            fresh = try TrainableAdapter(base: base, configuration: settings.configuration, labels: labels, seed: settings.seed)
            if let start {
                continued = try TrainableAdapter(
                    continuing: start, base: base, labels: labels, dropout: Double(settings.dropout), seed: settings.seed)
            } else {
                continued = nil
            }
        } catch {
            throw .adapter(error)
        }
        guard let start, let continued else { return fresh }
        if let difference = settings.difference(to: start.manifest.configuration) { throw .startDoesNotFit(reason: difference) }
        guard continued.tensors == fresh.tensors else { throw .startDoesNotFit(reason: "it adapts other layers, or at another rank") }
        return continued
    }

    private func freeze(_ adapter: TrainableAdapter, task: String?) throws(TrainingError) -> Adapter {
        do throws(AdapterError) {
            return try adapter.frozen(task: task, maxTokens: settings.maxTokens, createdBy: "lorikeet")
        } catch {
            throw .adapter(error)
        }
    }
}
