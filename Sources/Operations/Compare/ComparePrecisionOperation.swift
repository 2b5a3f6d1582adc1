import BERT
import Reports
import Threading
import Training

/// `lorikeet compare --dtype float32,int8`: evaluates adapters over the same base in two precisions.
///
/// Creating it reads bases, adapters and rows; `run` predicts.
public struct ComparePrecisionOperation {
    /// The rows, and what was found in them.
    public let input: EvaluationInput
    private let request: ComparisonRequest
    private let precisions: [String]
    private let bases: [LoadedBase]
    /// Over the first base.
    private let adapters: [NamedAdapter]
    private let maxTokens: Int
    private let longTexts: LongTextsChoice

    /// Reads bases, adapters and rows.
    ///
    /// - Parameters:
    ///   - folders: of the adapters.
    ///   - first: the base in the precision to compare with.
    ///   - second: the base in the other precision.
    /// - Throws: a failure if some adapters are multi-label and others are not.
    public init(
        _ folders: [String], over first: BaseFolder, _ second: BaseFolder, _ request: ComparisonRequest
    ) throws {
        self.request = request
        precisions = [first, second].map(\.precision.dataType.rawValue)
        bases = [try LoadedBase(first), try LoadedBase(second)]
        maxTokens = try TokenLimit.checked(request.maxTokens, over: bases[0].base)
        longTexts = try request.longTexts.checked(over: bases[0].base)
        adapters = try Self.named(folders, over: bases[0].base, naming: request.labels)
        var options = request.rowOptions
        options.isMultiLabel = adapters.first?.adapter.manifest.isMultiLabel ?? false
        guard adapters.allSatisfy({ $0.adapter.manifest.isMultiLabel == options.isMultiLabel }) else {
            throw CommandFailure(
                .failed, "some adapters are multi-label and others are not: they cannot have the same rows")
        }
        input = try EvaluationInput(paths: request.input, options: options, adapters: adapters.map(\.adapter))
    }

    /// The adapters, named after their task, or after their folders where two have the same task.
    private static func named(
        _ folders: [String], over base: BERTBase, naming labels: LabelNames
    ) throws -> [NamedAdapter] {
        let adapters = try folders.map { try AdapterFolder.load($0, base: base, naming: labels) }
        let tasks = zip(folders, adapters).map { $1.manifest.task ?? AdapterFolder.name($0) }
        let names = Set(tasks).count == tasks.count ? tasks : folders
        return zip(names, adapters).map { NamedAdapter(name: $0, adapter: $1) }
    }

    /// Predicts the label of each row with each adapter over both bases and compares.
    ///
    /// - Parameter progress: gets the name of an adapter and the number of rows that are done.
    public func run(progress: (String, Int) -> Void) throws -> [PrecisionComparison] {
        try adapters.map { adapter in try comparison(adapter) { progress(adapter.name, $0) } }
    }

    private func comparison(_ named: NamedAdapter, progress: (Int) -> Void) throws -> PrecisionComparison {
        let rows = input.rows
        let adapters = try bases.map { try named.adapter.over($0.base) }
        let evaluators = bases.map {
            Evaluator(
                base: $0.base, tokenizer: $0.tokenizer, workers: request.workers, maxTokens: maxTokens,
                longTexts: longTexts)
        }
        var predictions: [[Prediction]] = [[], []]
        var seconds = [0.0, 0.0]
        // In turn, so that other load on the machine slows both.
        while predictions[1].count < rows.count {
            let batch = Array(rows[predictions[1].count...].prefix(Self.batchSize))
            for side in [0, 1] {
                let started = ContinuousClock.now
                predictions[side] += evaluators[side].predictions(
                    texts: batch.map(\.text), adapter: adapters[side])
                seconds[side] += (ContinuousClock.now - started).inSeconds
            }
            progress(predictions[1].count)
        }
        let sides = zip(precisions, zip(adapters, predictions)).map { name, side in
            AdapterComparison.Side(name: name, adapter: side.0, rows: rows, predictions: side.1)
        }
        let comparison = AdapterComparison(
            first: sides[0], second: sides[1], rows: rows, resamples: request.resamples, seed: request.seed)
        return PrecisionComparison(
            name: named.name, comparison: comparison, seconds: (seconds[0], seconds[1]))
    }

    /// Texts per turn: enough to keep all cores busy.
    private static let batchSize = 512

    /// The report of the comparisons.
    ///
    /// - Parameter showsTexts: whether texts of rows may appear on the page.
    public func page(_ comparisons: [PrecisionComparison], showsTexts: Bool) -> ReportPage {
        PrecisionPage(
            comparisons: comparisons, input: input.side, showsTexts: showsTexts, version: LorikeetVersion.current
        ).page
    }
}
