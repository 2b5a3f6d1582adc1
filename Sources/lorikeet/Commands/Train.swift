import ArgumentParser
import BERT
import JSON
import Operations
import Reports
import Training

/// `lorikeet train`: an adapter from labelled rows.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train an adapter on labelled rows.",
        discussion: """
            Trains LoRA matrices and a head; the base is frozen. The adapter folder can be
            read by Lorikeet and by Hugging Face PEFT. It is written at the end, whole or
            not at all, with a report in report.html: loss and metrics per epoch, metrics
            per label, the confusion matrix.

            Ctrl-C and SIGTERM end the training after the current step and leave
            OUTPUT.checkpoint; the same command with --resume continues it. With --json,
            each epoch is one line.

            With --recipe auto, the settings that you do not give are chosen from the
            number of rows and labels. Each choice is printed with its reason. A training
            that collapses or diverges starts again once, with a quarter of the rate.
            --recipe fixed takes the defaults below.

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

    @OptionGroup var inputOptions: TrainingInputOptions

    @Option(help: ArgumentHelp("The folder to write the adapter to.", valueName: "dir"), completion: .directory)
    var output: String

    @Flag(help: "Replace the adapter in that folder.")
    var overwrite = false

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "Start from this adapter of the same base. It keeps its rank, scaling, layers and labels; "
                + "rows may add labels.", valueName: "dir"),
        completion: .directory)
    var start: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Label names of the --from adapter, in the order of its head's rows, if its folder has none.",
            valueName: "label"))
    var fromLabels: [String] = []

    @Option(help: ArgumentHelp("Name of the task, stored with the adapter.", valueName: "name"))
    var task: String?

    @Flag(help: "Resume an interrupted training with the same rows and settings; the adapter ends with the same bits.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Write the report to this HTML file. Default: report.html in the adapter's folder.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Flag(help: "Do not write a report.")
    var noReport = false

    @Flag(help: "Show the texts of the worst mistakes on validation rows in the report.")
    var reportTexts = false

    @Option(.recipe) var recipe: TrainingRecipe?
    @OptionGroup var training: TrainingOptions
    @OptionGroup var searchOptions: TrainingOptions.SearchOptions
    @OptionGroup var keepOptions: KeepOptions
    @OptionGroup var progressOption: ProgressOption
    @OptionGroup var format: JSONOption

    func validate() throws {
        guard searchOptions.search == nil || !resume else {
            throw ValidationError(
                "--resume continues with the settings that a search found: give them in place of --search")
        }
        guard start != nil || fromLabels.isEmpty else { throw ValidationError("--from-labels needs --from") }
        guard !noReport || (report == nil && !reportTexts) else {
            throw ValidationError("--no-report contradicts --report and --report-texts")
        }
    }

    func run() throws {
        let console = Console(
            json: format.json, style: progressOption.style(json: format.json),
            withoutValidation: { keepOptions.warnOfNoRows() })
        let result = try TrainOperation.run(request, observer: console, isCancelled: { Interruption.isAsked })
        try console.finish(result, precisions: keepOptions.precision, output: output)
        if let failure = result.failure { throw failure }
    }

    private var request: TrainOperation.Request {
        var request = TrainOperation.Request(base: baseOptions.folder, input: inputOptions.input, output: output) {
            base, start in
            var settings = try training.settings(for: base, startingFrom: start)
            settings.recipe = recipe ?? TrainingSettings.automatic.recipe
            settings.isMultiLabel = inputOptions.multiLabel
            keepOptions.apply(to: &settings)
            return settings
        }
        (request.overwrite, request.resume) = (overwrite, resume)
        (request.start, request.startLabels, request.task) = (start, fromLabels, task)
        request.report = noReport ? .none : report.map { .file($0) } ?? .besideAdapter
        request.showsTexts = reportTexts
        (request.search, request.searchBudget) = (searchOptions.search, searchOptions.budget)
        return request
    }
}

extension Train {
    /// What `train` shows while it runs.
    private final class Console: TrainObserver {
        private let json: Bool
        private let training: TrainingDisplay
        private let search: SearchDisplay
        private let evaluation: ProgressBar
        private let withoutValidation: () -> Void

        init(json: Bool, style: ProgressOption.Style, withoutValidation: @escaping () -> Void) {
            (self.json, self.withoutValidation) = (json, withoutValidation)
            training = TrainingDisplay(json: json, style: style)
            search = SearchDisplay(json: json, style: style)
            evaluation = ProgressBar("evaluating", unit: "texts", isShown: style == .bar)
        }

        func note(_ line: String) { StandardError.write(line) }

        func rowsRead(_ report: RowsReport, base: BERTBase) {
            if json {
                // Standard output has one object per epoch and nothing else.
                StandardError.write(
                    JSONValue.object([
                        ("rows", report.json), ("dtype", .string(base.dtype)),
                    ]).text)
            } else {
                for line in report.lines { StandardError.write(line) }
                let shape = base.configuration
                StandardError.write(
                    "base: \(shape.architecture.rawValue), \(shape.layers) layers, hidden \(shape.hidden), "
                        + "dtype \(base.dtype)")
            }
            if (report.validation?.rows ?? 0) == 0 { withoutValidation() }
            // From here on Ctrl-C has something to keep.
            Interruption.watch()
        }

        func chosen(_ account: RecipeAccount) {
            if account.choices.isEmpty { return }
            if json, let object = try? JSONValue.encoded(account) {
                StandardError.write("{\"recipe\":\(object)}")
            } else {
                for line in account.lines { StandardError.write(line) }
            }
        }

        func searched(_ progress: SettingsSearch.Progress) { search.show(progress) }
        func searchEnded(_ result: SettingsSearch.Result) throws { try search.finish(result) }
        func trained(_ progress: TrainingProgress) { training.show(progress) }

        func trainingEnded() {
            search.clear()
            training.clear()
        }

        func evaluated(_ done: Int, of total: Int) {
            evaluation.update(done, of: total)
            if done == total { evaluation.clear() }
        }

        func finish(_ result: TrainOperation.Result, precisions: [Double], output: String) throws {
            try training.finish(
                result.candidate, rows: result.validationRows, precisions: precisions, output: output)
        }
    }
}
