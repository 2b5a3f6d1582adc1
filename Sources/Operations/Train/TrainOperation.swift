import AdapterRegistry
import BERT
import Drift
import Reports
import Threading
import Training

/// `lorikeet train`: rows become an adapter in a folder, with a checkpoint while it is trained and a report at its end.
public struct TrainOperation {
    /// What the command line asks for.
    public struct Request {
        /// Where the report goes.
        public enum Report: Equatable {
            /// `report.html` in the adapter's folder.
            case besideAdapter
            /// A file of its own.
            case file(String)
            /// No report.
            case none
        }

        /// Folder of the base.
        public var base: BaseFolder
        /// The rows.
        public var input: TrainingInput
        /// Folder of the adapter.
        public var output: String
        /// Whether an adapter in that folder is replaced.
        public var overwrite = false
        /// Whether an interrupted training is resumed.
        public var resume = false
        /// Folder of the adapter to start from.
        public var start: String?
        /// Names for its labels, if its folder names none.
        public var startLabels: [String] = []
        /// The task in the adapter's manifest.
        public var task: String?
        /// Where the report goes.
        public var report = Report.besideAdapter
        /// Whether texts of validation rows may appear in the report.
        public var showsTexts = false
        /// How many settings a search tries; nil: no search.
        public var search: Int?
        /// Time for the search; nil: as long as it takes.
        public var searchBudget: Duration?
        /// The settings over a base and, where there is one, the adapter to start from.
        public var settings: (BERTBase, Adapter?) throws -> TrainingSettings

        /// A request without the optional parts.
        public init(
            base: BaseFolder, input: TrainingInput, output: String,
            settings: @escaping (BERTBase, Adapter?) throws -> TrainingSettings
        ) {
            (self.base, self.input, self.output, self.settings) = (base, input, output, settings)
        }
    }

    /// The adapter that was written.
    public struct Result {
        /// The adapter with its metrics.
        public let candidate: AdapterCandidate
        /// Validation rows.
        public let validationRows: Int
        /// Set if the training diverged, so that the adapter is that of an earlier epoch.
        public let failure: CommandFailure?
    }

    private let request: Request
    private let observer: any TrainObserver
    private let isCancelled: () -> Bool
    private let keeper: CheckpointKeeper
    private let started = ContinuousClock.now

    /// Trains and writes the adapter. Blocks the calling thread.
    ///
    /// - Parameter isCancelled: asked before each step; then a checkpoint is written and the training ends.
    /// - Throws: a failure that says how to resume, if the training was interrupted.
    public static func run(
        _ request: Request, observer: any TrainObserver, isCancelled: @escaping () -> Bool
    ) throws -> Result {
        let keeper = CheckpointKeeper(
            output: request.output, isSearched: request.search != nil, isInterrupted: isCancelled,
            warn: observer.note)
        let operation = TrainOperation(
            request: request, observer: observer, isCancelled: isCancelled, keeper: keeper)
        return try operation.run()
    }

    private init(
        request: Request, observer: any TrainObserver, isCancelled: @escaping () -> Bool, keeper: CheckpointKeeper
    ) {
        (self.request, self.observer) = (request, observer)
        (self.isCancelled, self.keeper) = (isCancelled, keeper)
    }

    private func run() throws -> Result {
        try AdapterFolder.checkFree(request.output, overwrite: request.overwrite)
        if case .file(let path) = request.report { try ReportFile.check(path) }
        var checkpoint = try keeper.open(resumes: request.resume, overwrites: request.overwrite)
        let loaded = try LoadedBase(request.base)
        let start = try startingAdapter(loaded.base)
        var settings = try request.settings(loaded.base, start)
        var rows = try request.input.prepared(known: start?.labels ?? [])
        observer.rowsRead(rows.report, base: loaded.base)
        let rule = rule(settings, rows, loaded, start)
        settings = rule.settings
        observer.chosen(rule.account)
        if let count = request.search {
            let result = try search(count, settings, rows, loaded, start)
            (settings, checkpoint) = (result.winner.settings, result.checkpoint)
            if result.ending == .cancelled {
                checkpoint.map(keeper.keep)
                throw keeper.interruption()
            }
        }
        let trained = try trainingRows(rows, start)
        // Kept, because training frees the texts.
        let sample = ReferenceMeasurement.sample(rows.training)
        let candidate = try train(&rows, settings, loaded, start, checkpoint)
        var account = rule.account
        account.add(candidate)
        if let retry = candidate.retry { settings.learningRate = retry.rate }
        let reference = DriftReferenceFile.make(
            candidate.adapter, training: sample, validation: rows.validation, over: loaded, settings)
        try write(
            candidate, trained, reference,
            request.report == .none ? nil : page(candidate, settings, account, rows, loaded))
        return Result(
            candidate: candidate, validationRows: rows.validation.count,
            failure: candidate.divergence.map { failure($0, candidate) })
    }

    /// What the recipe makes of the settings.
    private func rule(
        _ settings: TrainingSettings, _ rows: PreparedRows, _ loaded: LoadedBase, _ start: Adapter?
    ) -> RecipeRule {
        let figures = RowFigures(rows.training, encoder: settings.encoder(loaded.tokenizer))
        return RecipeRule(
            settings, rows: figures, validation: .rows(rows.validation.count), startsFromAdapter: start != nil)
    }

    private func startingAdapter(_ base: BERTBase) throws -> Adapter? {
        let names = LabelNames(
            source: "--from-labels", labels: request.startLabels,
            isMultiLabel: request.input.options.isMultiLabel ? true : nil)
        return try request.start.map { try AdapterFolder.load($0, base: base, naming: names) }
    }

    /// The rows that the adapter is trained on, with those of the adapter that it starts from; nil if these are
    /// unknown.
    private func trainingRows(_ rows: PreparedRows, _ start: Adapter?) throws -> TrainingRowSet? {
        let own = TrainingRowSet(hashes: rows.training.map { NormalizedText($0.text).hash64 })
        guard let directory = request.start, let start else { return own }
        guard let before = try AdapterFolder.trainingRows(directory, of: start) else {
            observer.note(
                "\(directory): does not say which rows it was trained on, so \(request.output) will not either")
            return nil
        }
        return own.union(before)
    }

    // MARK: - Stages

    private func search(
        _ count: Int, _ settings: TrainingSettings, _ rows: PreparedRows, _ loaded: LoadedBase, _ start: Adapter?
    ) throws -> SettingsSearch.Result {
        let search = SettingsSearch(
            base: loaded.base, tokenizer: loaded.tokenizer, settings: settings, count: count,
            budget: request.searchBudget)
        do {
            let result = try search.run(
                rows.training, validation: rows.validation, startingFrom: start, progress: observer.searched,
                isCancelled: isCancelled)
            try observer.searchEnded(result)
            return result
        } catch {
            observer.trainingEnded()
            throw error
        }
    }

    private func train(
        _ rows: inout PreparedRows, _ settings: TrainingSettings, _ loaded: LoadedBase, _ start: Adapter?,
        _ checkpoint: TrainingCheckpoint?
    ) throws -> AdapterCandidate {
        defer { observer.trainingEnded() }
        do {
            return try AdapterTrainer(base: loaded.base, tokenizer: loaded.tokenizer, settings: settings).train(
                rows.takeTraining(), validation: rows.validation, startingFrom: start, task: request.task,
                resumingFrom: checkpoint, save: keeper.keep, progress: observer.trained, isCancelled: isCancelled)
        } catch TrainingError.cancelled {
            throw keeper.interruption()
        }
    }

    private func page(
        _ candidate: AdapterCandidate, _ settings: TrainingSettings, _ account: RecipeAccount, _ rows: PreparedRows,
        _ loaded: LoadedBase
    ) -> ReportPage {
        let evaluator = Evaluator(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: settings.workers, maxTokens: settings.maxTokens,
            longTexts: LongTextsChoice(settings.longTexts))
        let predictions = evaluator.predictions(rows.validation, adapter: candidate.adapter) {
            observer.evaluated($0, of: rows.validation.count)
        }
        return TrainingPage(
            name: request.task ?? AdapterFolder.name(request.output), candidate: candidate, base: loaded.base,
            settings: settings, account: account, training: rows.training, validation: rows.validation,
            // The first line counts the rows, as the page does itself.
            findings: Array(rows.report.lines.dropFirst()), predictions: predictions, showsTexts: request.showsTexts,
            seconds: (ContinuousClock.now - started).inSeconds, version: LorikeetVersion.current
        ).page
    }

    /// Writes the adapter, with its report in the same folder or in a file of its own.
    private func write(
        _ candidate: AdapterCandidate, _ trained: TrainingRowSet?, _ reference: DriftReference?, _ page: ReportPage?
    ) throws {
        var files: [String: [UInt8]] = [:]
        if let reference { files[DriftReferenceFile.name] = reference.json }
        if request.report == .besideAdapter, let page { files["report.html"] = Array(page.html.utf8) }
        do {
            try AdapterFolder.write(candidate.adapter, trainedOn: trained, to: request.output, with: files)
        } catch {
            throw keeper.unwritten(error)
        }
        keeper.remove()
        if case .file(let path) = request.report, let page { try ReportFile.write(page, to: path) }
    }

    private func failure(_ divergence: AdapterCandidate.Divergence, _ candidate: AdapterCandidate) -> CommandFailure {
        let reason = TrainingError.notFinite(epoch: divergence.epoch, batch: divergence.batch)
        return CommandFailure(
            .failed, "\(reason); \(request.output) holds the adapter as it was after epoch \(candidate.bestEpoch)")
    }
}
