import BERT
import Reports
import Training

/// `lorikeet compare`: evaluates two adapters on the same labelled rows and tests whether they differ.
///
/// Creating it reads base, adapters and rows; `run` predicts.
public struct CompareOperation {
    /// The rows, and what was found in them.
    public let input: EvaluationInput
    private let request: ComparisonRequest
    private let names: [String]
    private let loaded: LoadedBase
    private let adapters: [Adapter]
    private let maxTokens: Int
    private let longTexts: LongTextsChoice

    /// Reads base, adapters and rows.
    ///
    /// - Parameters:
    ///   - first: folder of the adapter to compare with.
    ///   - second: folder of the adapter that may be better.
    /// - Throws: a failure if one adapter is multi-label and the other is not.
    public init(_ first: String, _ second: String, over base: BaseFolder, _ request: ComparisonRequest) throws {
        self.request = request
        names = AdapterFolder.names(first, second)
        loaded = try LoadedBase(base)
        maxTokens = try TokenLimit.checked(request.maxTokens, over: loaded.base)
        longTexts = try request.longTexts.checked(over: loaded.base)
        adapters = try AdapterFolder.load(first, second, base: loaded.base, naming: request.labels)
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
