import BERT
import Drift
import Reports
import Serving
import Threading
import Training

/// `lorikeet evaluate`: measures one adapter on labelled rows.
///
/// Creating it reads base, adapter and rows; `run` predicts.
public struct EvaluateOperation {
    /// What the command line asks for.
    public struct Request {
        /// Folder of the base.
        public var base: BaseFolder
        /// Folder of the adapter.
        public var adapter: String
        /// Names for the adapter's labels, if its folder names none.
        public var labels: LabelNames
        /// Files of labelled rows; `-` is standard input.
        public var input: [String]
        /// How the rows are read; whether they are multi-label is the adapter's matter.
        public var rowOptions: RowOptions
        /// Texts are cut to this many tokens; nil: the usual limit.
        public var maxTokens: Int?
        /// How texts are read that are longer than a window.
        public var longTexts = LongTextsChoice.asTrained
        /// Threads that compute.
        public var workers: Int
        /// Precisions, as shares, for which an abstention threshold is requested.
        public var precisions: [Double]
        /// From which distance on a text gets no label; nil: it always gets one.
        public var noneOfThese: NoneOfThese?

        /// A request.
        public init(
            base: BaseFolder, adapter: String, labels: LabelNames, input: [String], rowOptions: RowOptions,
            maxTokens: Int?, workers: Int, precisions: [Double], noneOfThese: NoneOfThese? = nil
        ) {
            (self.base, self.adapter, self.labels) = (base, adapter, labels)
            (self.input, self.rowOptions) = (input, rowOptions)
            (self.maxTokens, self.workers, self.precisions) = (maxTokens, workers, precisions)
            self.noneOfThese = noneOfThese
        }
    }

    /// The evaluation, with what its report needs.
    public struct Result {
        /// The metrics.
        public let evaluation: Evaluation
        /// How well the scores are calibrated.
        public let calibration: Calibration
        /// Precision against coverage.
        public let coverage: CoverageCurve
        /// The requested precisions, each with its abstention threshold; nil where no threshold reaches it.
        public let thresholds: [(precision: Double, threshold: AbstentionThreshold?)]
        /// What giving no label to distant texts gains and costs, if that was requested.
        public let noneOfThese: NoneOfTheseFigures?
        fileprivate let predictions: [Prediction]
        fileprivate let seconds: Double
    }

    /// The rows, and what was found in them.
    public let input: EvaluationInput
    private let request: Request
    private let loaded: LoadedBase
    private let adapter: Adapter
    private let maxTokens: Int
    private let longTexts: LongTextsChoice
    /// Of the adapter's folder.
    private let reference: DriftReference?

    /// Reads base, adapter and rows.
    ///
    /// - Throws: also where the adapter's folder cannot say which text is none of these.
    public init(_ request: Request) throws {
        self.request = request
        loaded = try LoadedBase(request.base)
        maxTokens = try TokenLimit.checked(request.maxTokens, over: loaded.base)
        longTexts = try request.longTexts.checked(over: loaded.base)
        adapter = try AdapterFolder.load(request.adapter, base: loaded.base, naming: request.labels)
        reference = try request.noneOfThese.flatMap { [adapter] noneOfThese in
            let reference = try DriftReferenceFile.read(request.adapter, of: adapter)
            if let doubt = noneOfThese.doubt(reference?.spread) {
                throw CommandFailure(.failed, "\(request.adapter): \(doubt)")
            }
            return reference
        }
        var options = request.rowOptions
        options.isMultiLabel = adapter.manifest.isMultiLabel
        input = try EvaluationInput(paths: request.input, options: options, adapters: [adapter])
    }

    /// Predicts the label of each row and measures.
    ///
    /// - Parameter progress: gets the number of rows that are done.
    public func run(progress: (Int) -> Void) -> Result {
        let evaluator = Evaluator(
            base: loaded.base, tokenizer: loaded.tokenizer, workers: request.workers, maxTokens: maxTokens,
            longTexts: longTexts)
        let rows = input.rows
        let started = ContinuousClock.now
        let predictions = evaluator.predictions(rows, adapter: adapter, progress: progress)
        let seconds = (ContinuousClock.now - started).inSeconds
        return Result(
            evaluation: Evaluation(rows: rows, predictions: predictions, adapter: adapter),
            calibration: Calibration(rows: rows, predictions: predictions, adapter: adapter),
            coverage: CoverageCurve(rows: rows, predictions: predictions),
            thresholds: request.precisions.map {
                ($0, AbstentionThreshold(precision: $0, rows: rows, predictions: predictions))
            },
            noneOfThese: noneOfTheseFigures(rows, predictions), predictions: predictions, seconds: seconds)
    }

    private func noneOfTheseFigures(_ rows: [LabelledText], _ predictions: [Prediction]) -> NoneOfTheseFigures? {
        guard let reference, let threshold = request.noneOfThese?.threshold(reference.spread) else { return nil }
        let encoder = TextEncoder(
            tokenizer: loaded.tokenizer, maxTokens: maxTokens, longTexts: longTexts.longTexts(for: adapter.manifest))
        let distances = ReferenceMeasurement(
            base: loaded.base, workers: request.workers, unknownToken: loaded.tokenizer.unknownID
        ).relativeDistances(
            of: adapter, ReferenceMeasurement.Texts(rows.map(\.text), encoder: encoder), reference: reference)
        return NoneOfTheseFigures(
            rows: rows, predictions: predictions, distances: distances, threshold: threshold,
            known: Set(adapter.labels))
    }

    /// The report of a result.
    ///
    /// - Parameter showsTexts: whether texts of rows may appear on the page.
    public func page(_ result: Result, showsTexts: Bool) -> ReportPage {
        EvaluationPage(
            name: adapter.manifest.task ?? AdapterFolder.name(request.adapter), adapter: adapter, base: loaded.base,
            rows: input.rows, input: input.side, predictions: result.predictions, evaluation: result.evaluation,
            seconds: result.seconds, precisions: request.precisions, showsTexts: showsTexts,
            version: LorikeetVersion.current
        ).page
    }
}
