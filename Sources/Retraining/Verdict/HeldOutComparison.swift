import BERT
import Threading
import Training

/// The evaluations of challenger and champion on the same held-out rows, and what the gate decides by.
struct HeldOutComparison {
    let challengerEvaluation: Evaluation
    let championEvaluation: Evaluation?
    let evidence: GateEvidence
    private let calibration: CalibrationFigures?

    /// - Parameters:
    ///   - champion: `nil` if there is none over this base.
    ///   - championLabels: those of the live version, over whichever base, as the task calls them now.
    ///   - labels: those of the task; both adapters are evaluated by them.
    init(
        challenger: Adapter, champion: Adapter?, championLabels: [String], dataset: Dataset, labels: [String],
        pipeline: RetrainingPipeline
    ) async throws {
        let rows = dataset.heldOut + dataset.newest
        let split = dataset.heldOut.count
        let predictions = try await Self.predictions(challenger, rows, pipeline)
        challengerEvaluation = Evaluation(rows: rows, predictions: predictions, adapter: challenger)
        var sets = [
            HeldOutSet(kind: .hash, rows[..<split], predictions[..<split]),
            HeldOutSet(kind: .newest, rows[split...], predictions[split...]),
        ]
        if let champion {
            let predictions = try await Self.predictions(champion, rows, pipeline)
            let mapping = pipeline.settings.mapping
            championEvaluation = Evaluation(rows: rows, predictions: predictions, adapter: champion, mapping: mapping)
            let mapped = predictions.mapped(by: mapping, adapter: champion)
            sets[0].champion = mapped[..<split].map(\.labels)
            sets[1].champion = mapped[split...].map(\.labels)
        } else {
            championEvaluation = nil
        }
        calibration = challenger.manifest.calibration
        var evidence = GateEvidence(
            sets: sets.filter { !$0.truth.isEmpty }, rows: dataset.summary, championLabels: championLabels,
            taskLabels: labels, mostFrequentLabel: Self.mostFrequentLabel(dataset.training, order: labels))
        evidence.misspellings = Self.misspellings(dataset, labels: labels, mapping: pipeline.settings.mapping)
        self.evidence = evidence
    }

    /// The challenger's metrics, as the registry keeps them.
    var metrics: [String: Double] {
        var metrics = challengerEvaluation.metrics
        metrics["training_rows"] = Double(evidence.rows.training)
        metrics["held_out_rows"] = Double(evidence.rows.heldOut)
        if let calibration {
            metrics["calibration_error_before"] = calibration.errorBefore
            metrics["calibration_error_after"] = calibration.errorAfter
        }
        return metrics
    }

    /// Of equally frequent labels, the first one in the order of the task.
    private static func mostFrequentLabel(_ rows: [LabelledText], order: [String]) -> String {
        var counts: [String: Int] = [:]
        for label in rows.flatMap(\.labels) { counts[label, default: 0] += 1 }
        var best = order.first ?? ""
        for label in order where counts[label, default: 0] > counts[best, default: 0] { best = label }
        return best
    }

    /// Unknown labels that are almost one of the task, or one that a label of the task stands for.
    private static func misspellings(
        _ dataset: Dataset, labels: [String], mapping: LabelMapping
    ) -> [GateEvidence.Misspelling] {
        let matcher = LabelMatcher(labels: labels, mapping: mapping)
        let usable = Dictionary(
            dataset.summary.perLabel.map { ($0.label, $0.training + $0.heldOut) },
            uniquingKeysWith: { first, _ in first })
        return dataset.summary.unknownLabels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .compactMap { spelling, rows in
                guard let near = matcher.nearest(to: spelling), let label = mapping.current(near.label) else {
                    return nil
                }
                return .init(spelling: spelling, label: label, rows: rows, usable: usable[label, default: 0])
            }
    }

    private static func predictions(
        _ adapter: Adapter, _ rows: [LabelledText], _ pipeline: RetrainingPipeline
    ) async throws -> [Prediction] {
        let settings = pipeline.settings.training
        let evaluator = Evaluator(
            base: pipeline.base, tokenizer: pipeline.tokenizer, workers: settings.workers,
            maxTokens: settings.maxTokens, longTexts: LongTextsChoice(settings.longTexts))
        return await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            evaluator.predictions(texts: rows.map(\.text), adapter: adapter)
        }
    }
}

extension HeldOutSet {
    /// A set that no champion was evaluated on yet.
    fileprivate init(kind: Kind, _ rows: ArraySlice<LabelledText>, _ predictions: ArraySlice<Prediction>) {
        self.init(
            kind: kind, truth: rows.map(\.labels), champion: nil, challenger: predictions.map(\.labels))
    }
}
