import BERT
import Threading
import Training

/// The evaluations of challenger and champion on the same held-out rows.
struct HeldOutComparison {
    let challengerEvaluation: Evaluation
    let championEvaluation: Evaluation?
    private let hasSameLabels: Bool
    /// Labels of the champion that the task still has.
    private let championLabels: [String]
    private let baseline: Evaluation
    private let calibration: CalibrationFigures?
    private let rows: RowSummary

    /// - Parameters:
    ///   - champion: `nil` if there is none over this base.
    ///   - championLabels: those of the live version, over whichever base, as the task calls them now.
    ///   - labels: those of the task; both adapters are evaluated by them.
    init(
        challenger: Adapter, champion: Adapter?, championLabels: [String], dataset: Dataset, labels: [String],
        isMultiLabel: Bool, pipeline: RetrainingPipeline
    ) async throws {
        rows = dataset.summary
        let heldOut = dataset.heldOut
        challengerEvaluation = try await Self.evaluation(challenger, heldOut, pipeline)
        if let champion {
            championEvaluation = try await Self.evaluation(champion, heldOut, pipeline)
        } else {
            championEvaluation = nil
        }
        calibration = challenger.manifest.calibration
        // By its own names: a label that was only renamed goes live with a challenger that ties.
        hasSameLabels = champion.map { Set($0.labels) == Set(labels) } ?? false
        self.championLabels = championLabels.filter(Set(labels).contains)
        let mostFrequent = Self.mostFrequentLabel(dataset.training, order: labels)
        baseline =
            isMultiLabel
            ? Evaluation(truth: heldOut.map(\.labels), predicted: heldOut.map { _ in [mostFrequent] }, labels: labels)
            : Evaluation(truth: heldOut.map(\.label), predicted: heldOut.map { _ in mostFrequent }, labels: labels)
    }

    func decision(gate: PromotionGate) -> PromotionGate.Decision {
        let opponent =
            championEvaluation.map { PromotionGate.Opponent.champion($0, hasSameLabels: hasSameLabels) }
            ?? .mostFrequentLabel(baseline, isFirst: championLabels.isEmpty)
        return gate.decision(challenger: challengerEvaluation, against: opponent, rows: rows, labels: championLabels)
    }

    /// The challenger's metrics, as the registry keeps them.
    var metrics: [String: Double] {
        var metrics = challengerEvaluation.metrics
        metrics["training_rows"] = Double(rows.training)
        metrics["held_out_rows"] = Double(rows.heldOut)
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

    private static func evaluation(
        _ adapter: Adapter, _ rows: [LabelledText], _ pipeline: RetrainingPipeline
    ) async throws -> Evaluation {
        let settings = pipeline.settings.training
        let evaluator = Evaluator(
            base: pipeline.base, tokenizer: pipeline.tokenizer, workers: settings.workers,
            maxTokens: settings.maxTokens)
        let mapping = pipeline.settings.mapping
        return await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            evaluator.evaluate(rows, adapter: adapter, mapping: mapping)
        }
    }
}
