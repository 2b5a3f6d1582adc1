import ArgumentParser
import BERT
import Foundation
import JSON
import Operations
import Reports
import Training
import WordPiece

/// `lorikeet train`: an adapter from a file.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train an adapter from labelled rows.",
        discussion: """
            The base stays as it is; the low-rank pairs and the head learn. The folder that
            comes out is read by Lorikeet and by Hugging Face PEFT. It is written at the
            end, whole or not at all. With --json each epoch is a line. Ctrl-C and SIGTERM
            end after the step under way and leave OUTPUT.checkpoint: the same command with
            --resume goes on. The folder also gets report.html: curves, confusion, a
            table by label. It shows no texts without --report-texts.

            EXAMPLES
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --validation test.tsv --output adapters/section
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.jsonl \\
                  --output adapters/section --layers 3-5 --epochs 5 --rate 5e-4
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --validation test.tsv --output adapters/section --json | jq .macro_f1
              lorikeet train --base models/all-MiniLM-L6-v2 --multi-label \\
                  --train tags.jsonl more.csv --output adapters/tags --precision 0.95
              lorikeet train --base models/all-MiniLM-L6-v2 --output adapters/urgency \\
                  --query 'SELECT subject AS text, urgency AS label FROM tickets'
            """)

    @OptionGroup var baseOptions: BaseOptions

    @OptionGroup var rowOptions: RowSourceOptions

    @Option(help: ArgumentHelp("The folder to write the adapter to.", valueName: "dir"), completion: .directory)
    var output: String

    @Flag(help: "Replace an adapter that is there.")
    var overwrite = false

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "Start from this adapter over the same base; its rank, scaling and layers count, its labels stay, new ones may come.",
            valueName: "dir"),
        completion: .directory)
    var start: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Names of that adapter's labels in the order of its head's rows, where its folder has none, as PEFT's do not.",
            valueName: "label"))
    var fromLabels: [String] = []

    @Option(help: ArgumentHelp("The task it is for, kept beside the adapter.", valueName: "name"))
    var task: String?

    @Flag(help: "Go on with an interrupted training of the same rows and settings; the adapter gets the same bits.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "The report, one HTML file to look at; default: report.html in the adapter's folder.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Flag(help: "Write no report.")
    var noReport = false

    @Flag(help: "Show texts in the report: the validation rows of the worst mistakes.")
    var reportTexts = false

    @OptionGroup var training: TrainingOptions
    @OptionGroup var searchOptions: SearchOptions
    @OptionGroup var keepOptions: KeepOptions
    @OptionGroup var progressOptions: ProgressOptions
    @OptionGroup var format: JSONOption

    func validate() throws {
        guard searchOptions.search == nil || !resume else {
            throw ValidationError(
                "--resume goes on with the settings that a search found: give them in place of --search")
        }
        guard start != nil || fromLabels.isEmpty else {
            throw ValidationError("--from-labels is of use only with --from")
        }
        guard !noReport || (report == nil && !reportTexts) else {
            throw ValidationError("--no-report leaves nothing to --report options")
        }
    }

    func run() throws {
        let started = ContinuousClock.now
        try AdapterFolder.checkFree(output, overwrite: overwrite)
        if let report { try ReportFile.check(report) }
        let keeper = CheckpointKeeper(output: output, isSearched: searchOptions.search != nil)
        var checkpoint = try keeper.open(resumes: resume, overwrites: overwrite)
        let (base, tokenizer) = try baseOptions.load()
        let names = LabelNames(
            source: "--from-labels", labels: fromLabels, isMultiLabel: rowOptions.multiLabel ? true : nil)
        let startingFrom = try start.map { try AdapterFolder.load($0, base: base, naming: names) }
        var settings = try training.settings(for: base, startingFrom: startingFrom)
        settings.isMultiLabel = rowOptions.multiLabel
        keepOptions.apply(to: &settings)
        var prepared = try rowOptions.rows(known: startingFrom?.labels ?? [])
        let validationRows = prepared.validation
        let style = progressOptions.style(json: format.json)
        let display = TrainingDisplay(json: format.json, style: style)
        Self.show(prepared.report, base: base, json: format.json)
        if validationRows.isEmpty { keepOptions.warnOfNoRows() }

        Interruption.watch()
        if let count = searchOptions.search {
            let search = SettingsSearch(
                base: base, tokenizer: tokenizer, settings: settings, count: count, budget: searchOptions.budget)
            let result = try found(search, prepared.training, validationRows, startingFrom, style)
            (settings, checkpoint) = (result.winner.settings, result.checkpoint)
            if result.ending == .cancelled {
                checkpoint.map(keeper.keep)
                throw keeper.interrupted()
            }
        }
        let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
        let candidate: AdapterCandidate
        do {
            candidate = try trainer.train(
                prepared.takeTraining(), validation: validationRows, startingFrom: startingFrom, task: task,
                resumingFrom: checkpoint,
                save: keeper.keep,
                progress: display.show, isCancelled: { Interruption.isAsked })
        } catch TrainingError.cancelled {
            display.clear()
            throw keeper.interrupted()
        } catch {
            display.clear()
            throw error
        }
        display.clear()
        let page = noReport ? nil : page(candidate, base, settings, tokenizer, prepared, style, since: started)
        try write(candidate, page, keeper)
        try display.finish(candidate, rows: validationRows.count, precisions: keepOptions.precision, output: output)
        if let divergence = candidate.divergence { throw Self.failure(divergence, candidate, output: output) }
    }

    private func found(
        _ search: SettingsSearch, _ rows: [LabelledText], _ validation: [LabelledText], _ start: Adapter?,
        _ style: ProgressOptions.Style
    ) throws -> SettingsSearch.Result {
        let display = SearchDisplay(json: format.json, style: style)
        do {
            let result = try search.run(
                rows, validation: validation, startingFrom: start, progress: display.show,
                isCancelled: { Interruption.isAsked })
            try display.finish(result)
            return result
        } catch {
            display.clear()
            throw error
        }
    }

    private func page(
        _ candidate: AdapterCandidate, _ base: BERTBase, _ settings: TrainingSettings, _ tokenizer: WordPieceTokenizer,
        _ rows: PreparedRows, _ style: ProgressOptions.Style, since started: ContinuousClock.Instant
    ) -> ReportPage {
        let evaluator = Evaluator(
            base: base, tokenizer: tokenizer, workers: settings.workers, maxTokens: settings.maxTokens)
        return TrainingPage(
            name: task ?? AdapterFolder.name(output), candidate: candidate, base: base, settings: settings,
            training: rows.training,
            validation: rows.validation, findings: Array(rows.report.lines.dropFirst()),
            predictions: evaluator.predictions(
                rows.validation, adapter: candidate.adapter, title: "evaluating", isShown: style == .bar),
            showsTexts: reportTexts, seconds: (ContinuousClock.now - started).inSeconds
        ).page
    }

    /// The adapter with its report; or the report where it is wanted.
    private func write(_ candidate: AdapterCandidate, _ page: ReportPage?, _ keeper: CheckpointKeeper) throws {
        do {
            let beside = report == nil ? page : nil
            try candidate.adapter.write(to: output, with: beside.map { ["report.html": Array($0.html.utf8)] } ?? [:])
        } catch {
            throw keeper.unwritten(error)
        }
        keeper.remove()
        if let report, let page { try ReportFile.write(page, to: report) }
    }

    private static func failure(
        _ divergence: AdapterCandidate.Divergence, _ candidate: AdapterCandidate, output: String
    ) -> CommandFailure {
        let reason = TrainingError.notFinite(epoch: divergence.epoch, batch: divergence.batch)
        return CommandFailure(
            .failed, "\(reason); \(output) holds the adapter as it was after epoch \(candidate.bestEpoch)")
    }

    /// What was found in the rows: a line a finding on standard error, or an object before those of the epochs.
    private static func show(_ report: RowsReport, base: BERTBase, json: Bool) {
        // Standard output has an object an epoch and nothing else.
        if json { return StandardError.write(JSONValue.object([("rows", report.json)]).text) }
        for line in report.lines { StandardError.write(line) }
        let configuration = base.configuration
        StandardError.write(
            "base: \(configuration.architecture.rawValue), \(configuration.layers) layers of \(configuration.hidden)")
    }
}
