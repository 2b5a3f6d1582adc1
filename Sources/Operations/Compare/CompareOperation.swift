import BERT
import Reports
import Training

/// `lorikeet compare`: evaluates two adapters on the same labelled rows and tests whether they differ.
///
/// Creating it reads base, adapters and rows; `run` predicts.
public struct CompareOperation {
    /// What the command line asks for.
    public struct Request {
        /// Folder of the base.
        public var base: BaseFolder
        /// Folder of the adapter to compare with.
        public var first: String
        /// Folder of the adapter that may be better.
        public var second: String
        /// Names for the labels of whichever adapter's folder names none.
        public var labels: LabelNames
        /// Files of labelled rows; `-` is standard input.
        public var input: [String]
        /// How the rows are read; whether they are multi-label is the adapters' matter.
        public var rowOptions: RowOptions
        /// Texts are cut to this many tokens; nil: the usual limit.
        public var maxTokens: Int?
        /// How texts are read that are longer than a window.
        public var longTexts = LongTextsChoice.asTrained
        /// Threads that compute.
        public var workers: Int
        /// Bootstrap resamples of the rows.
        public var resamples: Int
        /// Seed of the resamples.
        public var seed: UInt64

        /// A request.
        public init(
            base: BaseFolder, first: String, second: String, labels: LabelNames, input: [String],
            rowOptions: RowOptions,
            maxTokens: Int?, workers: Int, resamples: Int, seed: UInt64
        ) {
            (self.base, self.first, self.second, self.labels) = (base, first, second, labels)
            (self.input, self.rowOptions) = (input, rowOptions)
            (self.maxTokens, self.workers) = (maxTokens, workers)
            (self.resamples, self.seed) = (resamples, seed)
        }
    }

    /// The rows, and what was found in them.
    public let input: EvaluationInput
    private let request: Request
    private let loaded: LoadedBase
    private let adapters: [Adapter]
    private let maxTokens: Int
    private let longTexts: LongTextsChoice

    /// Reads base, adapters and rows.
    ///
    /// - Throws: a failure if one adapter is multi-label and the other is not.
    public init(_ request: Request) throws {
        self.request = request
        loaded = try LoadedBase(request.base)
        maxTokens = try TokenLimit.checked(request.maxTokens, over: loaded.base)
        longTexts = try request.longTexts.checked(over: loaded.base)
        adapters = try AdapterFolder.load(
            request.first, request.second, base: loaded.base, naming: request.labels)
        var options = request.rowOptions
        options.isMultiLabel = adapters[0].manifest.isMultiLabel
        guard adapters[1].manifest.isMultiLabel == options.isMultiLabel else {
            throw CommandFailure(.failed, "one adapter is multi-label and the other is not: they cannot be compared")
        }
        input = try EvaluationInput(paths: request.input, options: options, adapters: adapters)
    }

    /// Predicts the label of each row with both adapters and compares.
    ///
    /// - Parameter progress: gets the name of an adapter and the number of rows that are done.
    public func run(progress: (String, Int) -> Void) -> AdapterComparison {
        let evaluator = Evaluator(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: request.workers, maxTokens: maxTokens,
            longTexts: longTexts)
        let rows = input.rows
        let names = AdapterFolder.names(request.first, request.second)
        let sides = zip(names, adapters).map { name, adapter in
            AdapterComparison.Side(
                name: name, adapter: adapter, rows: rows,
                predictions: evaluator.predictions(rows, adapter: adapter) { progress(name, $0) })
        }
        return AdapterComparison(
            first: sides[0], second: sides[1], rows: rows, resamples: request.resamples, seed: request.seed)
    }

    /// The report of a comparison.
    ///
    /// - Parameter showsTexts: whether texts of rows may appear on the page.
    public func page(_ comparison: AdapterComparison, showsTexts: Bool) -> ReportPage {
        ComparisonPage(
            comparison: comparison, input: input.side, showsTexts: showsTexts, version: LorikeetVersion.current
        ).page
    }
}
