import BERT
import Operations
import Training

/// The models of a labelling simulation: a linear head over the base's features, or a real adapter, trained anew each
/// round.
struct LabellingModels: Sendable {
    typealias Model = (_ labelled: [Int], _ unlabelled: [Int]) throws -> LabellingSimulation.Round

    /// All labels of both files, sorted.
    let labels: [String]
    /// Of the texts that can be labelled.
    let features: FeatureMatrix
    let testTargets: [Int]
    private let rows: [LabelledText]
    private let targets: [Int]
    private let test: [LabelledText]
    private let testFeatures: FeatureMatrix
    private let base: LoadedBase
    private let training: TrainingSettings?
    private let workers: Int
    private let maxTokens: Int

    init(
        rows: [LabelledText], test: [LabelledText], base: LoadedBase, training: TrainingSettings?, workers: Int,
        maxTokens: Int, progress: @Sendable (Int) -> Void
    ) {
        let labels = Set((rows + test).map(\.label)).sorted()
        let places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
        let encoder = FeatureEncoder(
            base: base.base, tokenizer: base.tokenizer, workers: workers, maxTokens: maxTokens)
        let raw = encoder.features((rows + test).map(\.text), progress: progress)
        let pool = raw.selecting(Array(rows.indices))
        let standardization = Standardization(pool)
        features = standardization.applied(to: pool)
        testFeatures = standardization.applied(to: raw.selecting(Array(rows.count..<raw.rows)))
        targets = rows.map { places[$0.label] ?? 0 }
        testTargets = test.map { places[$0.label] ?? 0 }
        (self.labels, self.rows, self.test, self.base) = (labels, rows, test, base)
        (self.training, self.workers, self.maxTokens) = (training, workers, maxTokens)
    }

    /// The model of one run. A linear head starts where the one of the round before ended.
    func model() -> Model {
        if let training { return { labelled, unlabelled in try adapter(labelled, unlabelled, training) } }
        var head: LinearHead?
        return { labelled, unlabelled in
            let next = LinearHead(
                features: features.selecting(labelled), targets: .classes(labelled.map { targets[$0] }),
                labels: labels.count, start: head)
            head = next
            return LabellingSimulation.Round(
                test: next.probabilities(testFeatures),
                unlabelled: next.probabilities(features.selecting(unlabelled)))
        }
    }

    private func adapter(
        _ labelled: [Int], _ unlabelled: [Int], _ training: TrainingSettings
    ) throws -> LabellingSimulation.Round {
        let adapter = try AdapterTrainer(base: base.base, tokenizer: base.tokenizer, settings: training)
            .train(labelled.map { rows[$0] }, validation: [], labels: labels).adapter
        let evaluator = Evaluator(
            base: base.base, tokenizer: base.tokenizer, workers: workers, maxTokens: maxTokens)
        func probabilities(_ texts: [String]) -> FeatureMatrix {
            let predictions = evaluator.predictions(texts: texts, adapter: adapter)
            return FeatureMatrix(
                columns: labels.count, values: predictions.flatMap { $0.scores.map { Float($0) } })
        }
        return LabellingSimulation.Round(
            test: probabilities(test.map(\.text)), unlabelled: probabilities(unlabelled.map { rows[$0].text }))
    }
}
