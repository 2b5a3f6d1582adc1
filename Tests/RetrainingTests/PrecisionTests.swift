import AdapterRegistry
import BERT
import Retraining
import TestSupport
import Testing
import Training

/// Retraining over a base that computes in another type than the one that the champion was trained over.
@Suite(.timeLimit(.minutes(3)))
struct PrecisionTests: LettersTask {
    var model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    let settings = LettersSettings.fast

    init() throws { model = try TinyModel.shared.get() }

    @Test mutating func aChampionIsJudgedInTheTypeThatServes() async throws {
        addRows(300)
        let first = try await run()
        #expect(first.verdict == .promoted, "\(first.reason)")
        model = try TinyModel(precision: BasePrecision(.int8))
        addRows(300, seed: 2)
        let second = try await run()
        // The digest of the base is the same, so the champion is no stranger.
        #expect(second.champion == first.challenger && second.challenger != nil, "\(second.reason)")
        #expect(try await store.versions(task: "letters").map(\.dataType) == [.float32, .int8])
    }

    /// An evaluation is of the base that it is given, not of the type of the training.
    @Test func evaluationsComputeInTheTypeOfTheirBase() throws {
        let int8 = try TinyModel(precision: BasePrecision(.int8))
        let adapter = try model.adapter(labels: ["ex", "why"])
        let texts = rows(40, seed: 3).map(\.text)
        func scores(_ model: TinyModel) throws -> [[Double]] {
            let loaded = try Adapter(manifest: adapter.manifest, weights: adapter.weights, base: model.base)
            let evaluator = Evaluator(base: model.base, tokenizer: model.tokenizer, workers: 1, maxTokens: 32)
            return evaluator.predictions(texts: texts, adapter: loaded).map(\.scores)
        }
        let (float, quantized) = (try scores(model), try scores(int8))
        #expect(quantized == (try scores(int8)) && quantized != float)
        let difference = zip(float.joined(), quantized.joined()).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 0.1, "\(difference)")
    }
}
