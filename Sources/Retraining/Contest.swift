import BERT
import Training

/// Challenger and champion on the same held-out rows.
struct Contest {
    let challengerEvaluation: Evaluation
    let championEvaluation: Evaluation?
    private let hasSameLabels: Bool
    private let baseline: Evaluation
    private let rows: (training: Int, heldOut: Int)

    /// - Parameters:
    ///   - champion: `nil` if there is none over this base.
    ///   - labels: those of the task; both are measured by them.
    init(
        challenger: Adapter, champion: Adapter?, training: [LabelledText], heldOut: [LabelledText], labels: [String],
        way: LearningWay
    ) async throws {
        rows = (training.count, heldOut.count)
        let truth = heldOut.map(\.label)
        func evaluation(_ adapter: Adapter) async throws -> Evaluation {
            let predicted = try await predictions(of: adapter, texts: heldOut.map(\.text), way: way)
            return Evaluation(truth: truth, predicted: predicted, labels: labels)
        }
        challengerEvaluation = try await evaluation(challenger)
        if let champion { championEvaluation = try await evaluation(champion) } else { championEvaluation = nil }
        hasSameLabels = champion.map { Set($0.labels) == Set(labels) } ?? false
        let mostFrequent = Self.mostFrequentLabel(training, order: labels)
        baseline = Evaluation(truth: truth, predicted: truth.map { _ in mostFrequent }, labels: labels)
    }

    func decision(gate: PromotionGate) -> PromotionGate.Decision {
        let opponent =
            championEvaluation.map { PromotionGate.Opponent.champion($0, hasSameLabels: hasSameLabels) }
            ?? .mostFrequentLabel(baseline)
        return gate.decision(challenger: challengerEvaluation, against: opponent, rows: rows.heldOut)
    }

    /// The challenger's figures as the registry keeps them.
    var metrics: [String: Double] {
        [
            "accuracy": challengerEvaluation.accuracy, "macro_f1": challengerEvaluation.macroF1,
            "training_rows": Double(rows.training), "held_out_rows": Double(rows.heldOut),
        ]
    }

    /// Of labels that are equally frequent the first one in the task's order.
    private static func mostFrequentLabel(_ rows: [LabelledText], order: [String]) -> String {
        var counts: [String: Int] = [:]
        for row in rows { counts[row.label, default: 0] += 1 }
        var best = order.first ?? ""
        for label in order where counts[label, default: 0] > counts[best, default: 0] { best = label }
        return best
    }
}

private func predictions(of adapter: Adapter, texts: [String], way: LearningWay) async throws -> [String] {
    let settings = way.settings.training
    let evaluator = Evaluator(
        base: way.base, tokenizer: way.tokenizer, workers: settings.workers, maxTokens: settings.maxTokens)
    return try await onOwnThread { evaluator.predictions(texts: texts, adapter: adapter).map(\.label) }
}
